import type { Histories } from './history.ts';
import { lineageOf, type LineagePart } from './lineage.ts';
import { addressOf, parseWalName, segmentName, type Gap } from './segment.ts';

/**
 * Gaps where one timeline goes over into the next, which arithmetic within a timeline does not see: the end of the old one, or the beginning
 * of the new one, is not there. The segment of the switch itself counts on the new one, where alone it is whole. Pure.
 */
export function findBorderGaps(names: readonly string[], segmentBytes: number, histories: Histories): Gap[] {
  const spans = spansOf(names, segmentBytes);
  const found = [...spans].flatMap(([timeline, { last }]) => {
    const history = histories.get(timeline);
    return history === undefined ? [] : gapsOf(lineageOf(timeline, history), spans, last, BigInt(segmentBytes));
  });
  // Two branches share their past, and what is missing in it.
  return [...new Map(found.map((gap) => [gap.first, gap])).values()];
}

/** Timelines with segments and without the file that says where they came from: no recovery finds the way to them. Pure. */
export function missingHistories(names: readonly string[]): number[] {
  const files = names.flatMap((name) => parseWalName(name) ?? []);
  const known = new Set(files.flatMap(({ kind, timeline }) => (kind === 'history' ? [timeline] : [])));
  const used = new Set(files.flatMap(({ kind, timeline }) => (kind === 'segment' ? [timeline] : [])));
  return [...used].filter((timeline) => timeline > 1 && !known.has(timeline)).toSorted((a, b) => a - b);
}

/** Numbers of the first and the last segment. */
interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

function spansOf(names: readonly string[], segmentBytes: number): Map<number, Span> {
  const spans = new Map<number, Span>();
  for (const name of names) {
    const file = parseWalName(name);
    if (file?.kind !== 'segment') continue;
    const number = addressOf(file, segmentBytes) / BigInt(segmentBytes);
    const { first, last } = spans.get(file.timeline) ?? { first: number, last: number };
    spans.set(file.timeline, { first: number < first ? number : first, last: number > last ? number : last });
  }
  return spans;
}

function gapsOf(lineage: readonly LineagePart[], spans: ReadonlyMap<number, Span>, end: bigint, size: bigint): Gap[] {
  const beginning = lineage.findIndex(({ timeline }) => spans.has(timeline));
  return lineage.slice(beginning).flatMap((part, index) => {
    const span = spans.get(part.timeline);
    // The archive begins somewhere; what was before is not missing.
    const low = index === 0 && span !== undefined ? span.first : part.begin / size;
    const high = part.end === null ? end : part.end / size - 1n;
    if (span === undefined) return range(part.timeline, low, high, size);
    return [
      ...range(part.timeline, low, lesser(span.first - 1n, high), size),
      ...range(part.timeline, span.last + 1n, high, size),
    ];
  });
}

const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function range(timeline: number, low: bigint, high: bigint, size: bigint): Gap[] {
  if (high < low) return [];
  const name = (number: bigint) => segmentName(timeline, number * size, Number(size));
  return [{ timeline, first: name(low), last: name(high), count: Number(high - low + 1n) }];
}
