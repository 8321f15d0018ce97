import { DbctlError } from '../../../core/errors.ts';
import type { Session } from '../../../db/session.ts';
import type { Exported } from '../../archive/export.ts';
import { knowArchive, MANIFEST, SEAL, type KnownArchive } from '../../archive/store.ts';
import { requireStored, type ReadOptions } from '../../archive/read.ts';
import type { Repository } from '../../backup/repository.ts';
import type { SegmentFacts } from './facts.ts';

/** What became of a copy in its destination, without reading its rows. */
export type CopySight = 'there' | 'gone' | { readonly problem: string };

/** Its folder in the destination. */
export const archiveOf = ({ segment, detail }: Pick<SegmentFacts, 'segment' | 'detail'>): string => detail.archive ?? segment;

/** Whether a copy is where it was put: its seal, and the sizes of its files. Reads no rows. Fails with storage.failed. */
export async function seeCopy(destination: Repository, segment: SegmentFacts, publicKeys: readonly string[]): Promise<CopySight> {
  const id = archiveOf(segment);
  const stored = new Map((await destination.storage.list(`${id}/`)).map(({ key, bytes }) => [key.slice(id.length + 1), bytes]));
  if (!stored.has(MANIFEST) && !stored.has(SEAL)) return 'gone';
  const known = await knowArchive(destination, id, publicKeys);
  const problem = sealProblem(known, segment);
  if (problem !== null || known.state !== 'sealed') return { problem: problem ?? 'it has no seal' };
  const other = known.manifest.files.find(({ path, bytes }) => stored.get(path) !== bytes);
  if (other === undefined) return 'there';
  const found = stored.get(other.path);
  return { problem: `${other.path} ${found === undefined ? 'is missing' : `has ${found} bytes instead of ${other.bytes}`}` };
}

/** What is against the seal of a copy; null: it is the one that was recorded. Pure. */
export function sealProblem(known: KnownArchive, { manifestSha256 }: Pick<SegmentFacts, 'manifestSha256'>): string | null {
  if (known.state === 'broken') return known.problem;
  return known.manifestSha256 === manifestSha256 ? null : 'its manifest is not the one that was recorded';
}

/**
 * Reads every stored byte of a copy again, right before the rows it was made of are removed: what was read back yesterday may be damaged today.
 * Needs no key. Null: it is as it was recorded. Fails with storage.failed where the destination does not answer.
 */
export async function damageOf(
  destination: Repository,
  segment: SegmentFacts,
  publicKeys: readonly string[],
  options: ReadOptions,
): Promise<string | null> {
  try {
    const known = await knowArchive(destination, archiveOf(segment), publicKeys);
    const problem = sealProblem(known, segment);
    if (problem !== null || known.state !== 'sealed') return problem;
    await requireStored(destination, known.manifest, known.manifest.files, options);
    return null;
  } catch (thrown) {
    if (thrown instanceof DbctlError && ['archive.failed', 'backup.failed'].includes(thrown.code))
      return thrown.message.replace(`${archiveOf(segment)}: `, '');
    throw thrown;
  }
}

/** How the rows of a relation are hashed by dbctl.rows_hash(), and their figures. Reads all of them. */
export async function rowsHash(
  session: Session,
  relation: string,
  how?: string,
): Promise<{ readonly rows: string; readonly hash: string; readonly how: string }> {
  const [row] = await session
    .rows<{ rows: string; hash: string }>(
      'select r.rows::pg_catalog.text as rows, r.hash from dbctl.rows_hash($1::pg_catalog.regclass, $2) r',
      [relation, how ?? 'record'],
    )
    .catch((thrown: unknown) => {
      // undefined_function: a column of type json, xml, point or the like has no hash.
      if (how === undefined && thrown instanceof DbctlError && thrown.sqlstate === '42883') return [];
      throw thrown;
    });
  if (row !== undefined) return { ...row, how: how ?? 'record' };
  return rowsHash(session, relation, 'text');
}

/** `lab-audit.audit_log_2025_10-16423-csv-1f0c…`, in the letters dbctl.archive_segment takes; the digest at the end keeps it apart from others. */
export const segmentName = (archive: string): string =>
  archive
    .toLowerCase()
    .slice(-180)
    .replace(/^[^a-z0-9]+/, '');

/**
 * Records the copy of a fenced partition. The same rows give the same archive: a second record of it, behind another fence, gets a number. Fails
 * with what the database refuses: IM014 where it is not fenced.
 */
export async function recordCopy(
  session: Session,
  { oid, sql }: { readonly oid: number; readonly sql: string },
  { manifest }: Exported,
  destination: Repository,
  publicKeys: readonly string[],
): Promise<string> {
  const known = await knowArchive(destination, manifest.id, publicKeys);
  const counted = await rowsHash(session, sql);
  const base = segmentName(manifest.id);
  const [before] = await session.rows<{ n: number }>(
    `select pg_catalog.count(*)::pg_catalog.int4 as n from dbctl.archive_segment s
     where s.segment = $1 or s.segment like pg_catalog.replace($1, '_', '\\_') || '.%'`,
    [base],
  );
  const segment = (before?.n ?? 0) === 0 ? base : `${base}.${(before?.n ?? 0) + 1}`;
  await session.rows('select dbctl.record_segment($1::pg_catalog.jsonb)', [
    JSON.stringify({
      segment,
      relation: oid,
      rows: counted.rows,
      rows_hash: counted.hash,
      hashed_by: counted.how,
      oldest_at: manifest.time?.least ?? null,
      newest_at: manifest.time?.greatest ?? null,
      cold_bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
      format: manifest.data.format,
      uri: `${destination.storage.place.replace(/\/$/, '')}/${manifest.id}`,
      manifest_sha256: known.state === 'sealed' ? known.manifestSha256 : null,
      retain_until: manifest.retainUntil,
      detail: { archive: manifest.id, destination: destination.name },
    }),
  ]);
  return segment;
}
