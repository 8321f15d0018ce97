import { fail } from '../../core/errors.ts';
import { isResolved, resolveLocation } from './location.ts';
import { identityOf, type HotBlob, type HotPlace } from './hot.ts';
import type { Proof } from './proof.ts';
import type { ProofRow, Referrer } from './rows.ts';

/** Something a person has to look at: the blob of this row was neither copied nor removed. */
export interface Alarm {
  /**
   * outside: its location is in no place of the rule, or the row says too little · missing: it is not there, and nobody recorded that it was moved ·
   * changed: it is not what was proved · unreadable: it could not be read or taken away · cold: its copy in cold storage is not what was proved.
   */
  readonly kind: 'outside' | 'missing' | 'changed' | 'unreadable' | 'cold';
  readonly rowKey: string;
  readonly location: string | null;
  readonly sha256: string | null;
  readonly message: string;
}

/** A blob in one place, with the locations rows give for it. */
export interface Source {
  readonly blob: HotBlob;
  /** One row for each way its location is written. */
  readonly rows: readonly (ProofRow & { readonly location: string })[];
}

/** One content: what is copied once, and the places it is taken away from. */
export interface Content {
  readonly proof: Proof;
  readonly sources: readonly Source[];
}

/** The first row of the first place: whom an alarm about the whole is said of. */
export const rowOf = ({ sources }: Pick<Content, 'sources'>): Source['rows'][number] =>
  sources[0]?.rows[0] ?? fail('internal', 'a blob without a row');

/** Rows of a batch by their content; what means nothing is an alarm. Pure. */
export function arrange(
  rows: readonly ProofRow[],
  places: readonly HotPlace[],
): { readonly contents: Content[]; readonly alarms: Alarm[] } {
  const alarms: Alarm[] = [];
  const contents = new Map<
    string,
    { proof: Proof; sources: Map<string, { blob: HotBlob; rows: Map<string, Source['rows'][number]> }> }
  >();
  for (const row of rows) {
    const found = located(row, places);
    if ('kind' in found) {
      alarms.push(found);
      continue;
    }
    const { blob, proof, location } = found;
    const name = `${proof.sha256} ${proof.bytes}`;
    const content = contents.get(name) ?? { proof, sources: new Map() };
    contents.set(name, content);
    const source = content.sources.get(identityOf(blob)) ?? { blob, rows: new Map() };
    content.sources.set(identityOf(blob), source);
    if (!source.rows.has(location)) source.rows.set(location, { ...row, location });
  }
  return {
    alarms,
    contents: [...contents.values()].map(({ proof, sources }) => ({
      proof,
      sources: [...sources.values()].map(({ blob, rows: its }) => ({ blob, rows: [...its.values()] })),
    })),
  };
}

/** Where the blob of a row is, and what is proved of it; or why that is not known. Pure. */
export function located(
  row: ProofRow,
  places: readonly HotPlace[],
): { readonly blob: HotBlob; readonly proof: Proof; readonly location: string } | Alarm {
  const { location, sha256, bytes } = row;
  if (location === null) return alarmOf(row, 'outside', 'the row has no location');
  if (sha256 === null || !/^[0-9a-f]{64}$/.test(sha256))
    return alarmOf(row, 'outside', 'the row has no SHA-256 of 64 hexadecimal digits');
  if (bytes === null || !Number.isSafeInteger(bytes) || bytes < 0)
    return alarmOf(row, 'outside', 'the row does not say how many bytes it has');
  const resolved = resolveLocation(location, places);
  if (!isResolved(resolved)) return alarmOf(row, 'outside', resolved.problem);
  return { blob: { place: resolved.place, key: resolved.key }, proof: { sha256, bytes }, location };
}

export const alarmOf = ({ rowKey, location, sha256 }: ProofRow, kind: Alarm['kind'], message: string): Alarm => ({
  kind,
  rowKey,
  location,
  sha256,
  message,
});

/** Blobs that a young row, a held one, or one the rule does not mean refers to as well: they stay. Pure. */
export function keptBlobs(referrers: readonly Referrer[], places: readonly HotPlace[]): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const { due, location } of referrers) {
    const resolved = due || location === null ? null : resolveLocation(location, places);
    if (resolved !== null && isResolved(resolved)) kept.add(identityOf(resolved));
  }
  return kept;
}
