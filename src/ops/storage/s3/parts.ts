/** One part of an upload; numbers count from 1. */
export interface Part {
  readonly number: number;
  readonly offset: number;
  readonly bytes: number;
}

const MIB = 1_048_576;
/** Limits of the service: parts of an upload, and bytes of a part that is not the last. */
export const MOST_PARTS = 10_000;
export const LEAST_PART = 5 * MIB;
export const USUAL_PART = 16 * MIB;

/** Bytes of a part: the size asked for, larger in whole MiB where the file would else have too many. Reaches to the 5 TiB an object may have. */
export function partBytes(fileBytes: number, wanted: number): number {
  const needed = Math.ceil(fileBytes / MOST_PARTS);
  return Math.max(LEAST_PART, wanted, Math.ceil(needed / MIB) * MIB);
}

/** The parts of a file, in order, without gaps. */
export function partsOf(fileBytes: number, bytes: number): Part[] {
  const count = Math.max(1, Math.ceil(fileBytes / bytes));
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    offset: index * bytes,
    bytes: Math.min(bytes, fileBytes - index * bytes),
  }));
}

/** Parts in memory at the same time: four, fewer where they are large. */
export const partsAtOnce = (bytes: number): number => Math.max(1, Math.min(4, Math.floor((128 * MIB) / bytes)));
