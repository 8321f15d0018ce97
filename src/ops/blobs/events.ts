import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Proof } from './proof.ts';

/** What events are read and written with. */
export type Asker = Pick<Session, 'rows' | 'user'>;

/** The same session for several who ask at the same time: the server answers one question after the other. */
export function inTurns(session: Session): Asker {
  let last: Promise<unknown> = Promise.resolve();
  return {
    user: session.user,
    rows: (sql, values) => {
      const answer = last.then(() => session.rows<never>(sql, values));
      last = answer.catch(() => {});
      return answer;
    },
  };
}

/** A copy of a blob in cold storage, as it was recorded. */
export interface BlobCopy extends Proof {
  /** Of its event. */
  readonly id: number;
  readonly destination: string;
  readonly uri: string;
  /** What lies there, which is the blob itself where it is not encrypted. */
  readonly stored: Proof;
  /** Of the data key; null: it is not encrypted. */
  readonly commitment: string | null;
  /** Login that made it. */
  readonly actor: string;
  /** Mode of the file it was copied from, in octal; null: it was no file. */
  readonly mode: string | null;
  /** Why the blob may not be taken away from where it is; null: it may. */
  readonly problem: string | null;
}

/** One blob of one row, as events name it. */
export interface Subject {
  /** `schema.table`. */
  readonly table: string;
  /** Primary key, as JSON. */
  readonly rowKey: string;
  /** As it stands in the row. */
  readonly location: string;
}

const COPY = /* sql */ `
e.id::pg_catalog.float8 as id, e.sha256, e.bytes::pg_catalog.float8 as bytes, e.destination, e.uri, e.actor, e.detail -> 'stored' as stored,
       e.detail ->> 'commitment' as commitment, e.detail ->> 'mode' as mode`;

/** The newest copy of each of these blobs in a destination, by hash. */
export async function readCopies(
  session: Asker,
  destination: string,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, BlobCopy>> {
  const rows = await session.rows<BlobCopy>(NEWEST_COPIES, [destination, hashes]);
  return new Map(rows.map((copy) => [copy.sha256, copy]));
}

const NEWEST_COPIES = /* sql */ `
select c.*, dbctl.blob_removal_problem(c.id::pg_catalog.int8) as problem
from (
  select distinct on (e.sha256) ${COPY}
  from dbctl.blob_event e
  where e.kind = 'copied' and e.destination = $1 and e.sha256 = any ($2)
  order by e.sha256, e.id desc
) c`;

export interface CopiesWish {
  readonly destination: string;
  readonly table: string;
  /** Hash behind which to go on; empty: from the first. */
  readonly after: string;
  readonly limit: number;
  /** So many by chance, in place of a page; null: a page. */
  readonly sample: number | null;
  /** Only those that nobody else has read back yet. */
  readonly open: boolean;
}

/** The newest copies of the blobs of a table in a destination, in the order of their hashes, and how many there are. */
export async function readCopiesOf(
  session: Asker,
  { destination, table, after, limit, sample, open }: CopiesWish,
): Promise<{ readonly copies: readonly BlobCopy[]; readonly of: number }> {
  const [count] = await session.rows<{ of: number }>(COUNT_COPIES, [destination, table]);
  const values = sample === null ? [destination, table, open, after, limit] : [destination, table, open, sample];
  const copies = await session.rows<BlobCopy>(sample === null ? PAGE_OF_COPIES : SAMPLE_OF_COPIES, values);
  return { copies, of: count?.of ?? 0 };
}

const COUNT_COPIES = /* sql */ `
select pg_catalog.count(distinct e.sha256)::pg_catalog.float8 as of
from dbctl.blob_event e
where e.kind = 'copied' and e.destination = $1 and e.table_name = $2`;

const COPIES = /* sql */ `
select c.*
from (
  select n.*, dbctl.blob_removal_problem(n.id::pg_catalog.int8) as problem
  from (
    select distinct on (e.sha256) ${COPY}
    from dbctl.blob_event e
    where e.kind = 'copied' and e.destination = $1 and e.table_name = $2
    order by e.sha256, e.id desc
  ) n
) c
where (not $3::pg_catalog.bool or c.problem is not null)`;

const PAGE_OF_COPIES = /* sql */ `${COPIES} and c.sha256 > $4 order by c.sha256 limit $5`;
const SAMPLE_OF_COPIES = /* sql */ `${COPIES} order by pg_catalog.random() limit $4`;

/** How many copies nobody else has read back yet, and what they hold. */
export async function countOpenCopies(
  session: Asker,
  destination: string,
  table: string,
): Promise<{ readonly copies: number; readonly bytes: number }> {
  const [row] = await session.rows<{ copies: number; bytes: number }>(COUNT_OPEN, [destination, table, true]);
  return row ?? { copies: 0, bytes: 0 };
}

const COUNT_OPEN = /* sql */ `
select pg_catalog.count(*)::pg_catalog.float8 as copies, coalesce(pg_catalog.sum(w.bytes), 0)::pg_catalog.float8 as bytes
from (${COPIES}) w`;

/** Locations of a table, with the hash, whose removal was begun by a run that may have died in it: `location\nhash`. */
export async function readBegunRemovals(session: Asker, table: string, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await session.rows<{ location: string; sha256: string }>(BEGUN, [table, hashes]);
  return new Set(rows.map(({ location, sha256 }) => `${location}\n${sha256}`));
}

const BEGUN = /* sql */ `
select distinct e.location, e.sha256
from dbctl.blob_event e
where e.kind = 'removing' and e.table_name = $1 and e.sha256 = any ($2)
  -- What was brought back since, and is missing, was lost again by somebody else.
  and not exists (
    select from dbctl.blob_event b
    where b.table_name = e.table_name and b.location = e.location and b.sha256 = e.sha256 and b.kind = 'restored' and b.id > e.id)`;

/** Records a copy that was written; its event. Fails with what the server refuses. */
export async function recordCopy(
  session: Asker,
  subject: Subject,
  proof: Proof,
  copy: Pick<BlobCopy, 'destination' | 'uri' | 'stored' | 'commitment' | 'mode'>,
  retainUntil: string | null,
): Promise<BlobCopy> {
  const { destination, uri, stored, commitment, mode } = copy;
  const given = {
    ...rowOf(subject),
    sha256: proof.sha256,
    bytes: proof.bytes,
    destination,
    uri,
    detail: { stored, commitment, mode, retain_until: retainUntil },
  };
  const [row] = await session.rows<{ id: number; actor: string; problem: string | null }>(RECORD_COPY, [JSON.stringify(given)]);
  return {
    ...copy,
    sha256: proof.sha256,
    bytes: proof.bytes,
    id: row?.id ?? 0,
    actor: row?.actor ?? '',
    problem: row?.problem ?? null,
  };
}

const RECORD_COPY = /* sql */ `
select dbctl.record_blob_copy($1::text::pg_catalog.jsonb)::pg_catalog.float8 as id, session_user::text as actor, 'not read back yet' as problem`;

/** Records what was found in a copy, by whoever is logged in. Why the blob still has to stay; null: it may be taken away. */
export async function recordVerified(session: Asker, { id }: BlobCopy, found: Proof): Promise<string | null> {
  await session.rows(`select dbctl.verify_blob($1::pg_catalog.int8, $2, $3::pg_catalog.int8, '{}')`, [
    id,
    found.sha256,
    found.bytes,
  ]);
  return removalProblem(session, id);
}

/** Why the blob of a copy has to stay; null: it may be taken away. */
export async function removalProblem(session: Asker, copy: number): Promise<string | null> {
  const [row] = await session.rows<{ problem: string | null }>(
    'select dbctl.blob_removal_problem($1::pg_catalog.int8) as problem',
    [copy],
  );
  return row?.problem ?? null;
}

/** `removing`: committed before it is taken away; `removed`: in the transaction in which it is. Fails with the SQLSTATEs IM010 and IM012. */
export async function recordRemoval(
  session: Asker,
  kind: 'removing' | 'removed',
  copy: BlobCopy,
  subject: Subject,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await session.rows('select dbctl.record_blob_removal($1::text::pg_catalog.jsonb)', [
    JSON.stringify({ kind, copy: copy.id, ...rowOf(subject), detail }),
  ]);
}

/** Records that a blob came back; `location` null: to somewhere else than its row says. */
export async function recordReturn(
  session: Asker,
  copy: BlobCopy,
  subject: Omit<Subject, 'location'> & { readonly location: string | null },
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await session.rows('select dbctl.record_blob_return($1::text::pg_catalog.jsonb)', [
    JSON.stringify({ copy: copy.id, ...rowOf(subject), detail }),
  ]);
}

const rowOf = ({ table, rowKey, location }: Omit<Subject, 'location'> & { readonly location: string | null }) => ({
  table_name: table,
  row_key: rowKey,
  location,
});

/** Whether the login may call what it needs; the functions it may not. */
export async function missingRights(session: Asker, names: readonly string[]): Promise<readonly string[] | 'no table'> {
  const rows = await session.rows<{ name: string; may: boolean }>(RIGHTS, [names]);
  if (rows.length < names.length + 1) return 'no table';
  return rows.filter(({ may }) => !may).map(({ name }) => name);
}

const RIGHTS = /* sql */ `
select p.proname::text as name, pg_catalog.has_function_privilege(p.oid, 'execute') as may
from pg_catalog.pg_proc p
where p.pronamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'dbctl') and p.proname = any ($1)
union all
select 'blob_event', pg_catalog.has_table_privilege(c.oid, 'select')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname = 'blob_event'
order by 1`;

/** True where the server refused a removal by its own rules: somebody else was quicker, or nobody else has read the copy back. */
export const isRefusal = (thrown: unknown): thrown is DbctlError =>
  thrown instanceof DbctlError && ['IM010', 'IM012'].includes(thrown.sqlstate ?? '');
