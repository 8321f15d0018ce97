import { DbctlError, fail } from '../../../core/errors.ts';
import { ident } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { LOADED } from '../../archive/compare.ts';
import { requireStored, rowsFile, type ReadOptions } from '../../archive/read.ts';
import { knowArchive } from '../../archive/store.ts';
import { compareWithTable } from '../../archive/verify.ts';
import type { Repository } from '../../backup/repository.ts';
import { archiveOf, rowsHash, sealProblem } from './copy.ts';
import type { SegmentFacts } from './facts.ts';

/** A copy that nobody but the one who exported it has read back: the newest of its partition. */
export interface WaitingSegment extends Pick<
  SegmentFacts,
  'segment' | 'rows' | 'coldBytes' | 'uri' | 'manifestSha256' | 'exportedBy' | 'detail'
> {
  readonly partition: string;
  /** Its oid: of one that came back another than that of the manifest. */
  readonly relation: number;
  readonly rowsHash: string;
  readonly hashedBy: string;
}

/** Who verifies, by the name of the login, which `set role` does not change. */
export const loginOf = async (session: Session): Promise<string> =>
  (await session.rows<{ login: string }>('select session_user::pg_catalog.text as login'))[0]?.login ?? session.user;

/**
 * The copies that wait, oldest first; `wanted`, an id of a segment or of its archive, picks one. Fails with refused where this login exported all of
 * them, or the one that is wanted does not wait; with db.denied where it may not record what it reads back.
 */
export async function readWaiting(
  session: Session,
  wanted: string | undefined,
  login: string,
): Promise<readonly WaitingSegment[]> {
  const waiting = await chooseWaiting(session, wanted);
  if (waiting.length > 0 && waiting.every(({ exportedBy }) => exportedBy === login)) refuseOwn(login, waiting);
  const [right] = await session.rows<{ may: boolean }>(RIGHT);
  if (right?.may === true) return waiting;
  return fail('db.denied', `${login} may not record what it reads back: it is no archive verifier of this database`, {
    hint: 'Take a login that exports nothing: name it under immutability.archive_verifiers, then, as a superuser: dbctl immutability install.',
  });
}

function refuseOwn(login: string, waiting: readonly WaitingSegment[]): never {
  const what = waiting.length === 1 ? waiting[0]?.segment : `all ${waiting.length} copies that wait`;
  return fail('refused', `${login} exported ${what}, and what one exported oneself one cannot verify`, {
    hint: 'Run it with the login of somebody else, one of immutability.archive_verifiers. Nothing was read.',
  });
}

async function chooseWaiting(session: Session, wanted: string | undefined): Promise<readonly WaitingSegment[]> {
  await requireSight(session);
  const waiting = await session.rows<WaitingSegment>(WAITING);
  const chosen = wanted === undefined ? waiting : waiting.filter((one) => [one.segment, archiveOf(one)].includes(wanted));
  if (wanted === undefined || chosen.length > 0) return chosen;
  return fail('refused', `${wanted} is no copy that waits to be read back`, {
    hint: 'It was never recorded, was verified already, or a newer copy of its partition counts: dbctl retention plan.',
  });
}

async function requireSight(session: Session): Promise<void> {
  const [right] = await session.rows<{ there: boolean; sees: boolean }>(SIGHT);
  if (right?.there !== true)
    fail('refused', 'schema dbctl has no copies to verify yet', { hint: 'As a superuser: dbctl immutability install.' });
  if (!right.sees)
    fail('db.denied', `${session.user} may not see which copies wait`, {
      hint: `grant dbctl_auditor to ${ident(session.user)};`,
    });
}

const VERIFY = `pg_catalog.to_regprocedure('dbctl.verify_segment(text, bigint, text, text, jsonb)')`;
const RIGHT = `select coalesce(pg_catalog.has_function_privilege(${VERIFY}, 'execute'), false) as may`;

const SIGHT = /* sql */ `
select ${VERIFY} is not null as there,
       coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('dbctl.archive_segment'), 'select')
                and pg_catalog.has_table_privilege(pg_catalog.to_regclass('dbctl.archive_event'), 'select'), false) as sees`;

/** Of a partition that is gone nothing waits any more. */
const WAITING = /* sql */ `
select n.segment, n.partition_name as partition, n.relation::pg_catalog.float8 as relation, n.rows::pg_catalog.float8 as rows, n.cold_bytes::pg_catalog.float8 as "coldBytes", n.uri,
       n.manifest_sha256 as "manifestSha256", n.exported_by as "exportedBy", n.detail, n.rows_hash as "rowsHash", n.hashed_by as "hashedBy"
from (
  select distinct on (s.relation, s.partition_name) s.*
  from dbctl.archive_segment s
  join pg_catalog.pg_class c on c.oid = s.relation::pg_catalog.oid
  order by s.relation, s.partition_name, s.exported_at desc, s.segment desc
) n
where not exists (
  select from dbctl.archive_event e
  where e.segment = n.segment and (e.kind = 'removed' or e.kind = 'verified' and e.actor <> n.exported_by))
order by n.exported_at, n.segment`;

/**
 * Reads a copy back from where it is, compares every row with the database, and records that it did so. The session must be its own, as for an
 * export. Fails with archive.failed or refused where the copy is not what was recorded, or not what the partition holds: then nothing is recorded.
 */
export async function recordVerification(
  session: Session,
  waiting: WaitingSegment,
  {
    destination,
    publicKeys,
    dbctl,
  }: { readonly destination: Repository; readonly publicKeys: readonly string[]; readonly dbctl: string },
  options: ReadOptions,
): Promise<void> {
  const known = await knowArchive(destination, archiveOf(waiting), publicKeys);
  const problem = sealProblem(known, waiting);
  if (problem !== null || known.state !== 'sealed') return failed(`${archiveOf(waiting)}: ${problem}`);
  const { manifest, manifestSha256 } = known;
  const rows = rowsFile(manifest);
  await requireStored(
    destination,
    manifest,
    manifest.files.filter((file) => file !== rows),
    options,
  );
  await compareWithTable(session, destination, manifest, { ...options, oid: waiting.relation });
  const found = await rowsHash(session, `${LOADED.schema}.${LOADED.name}`, waiting.hashedBy);
  try {
    await session.rows('select dbctl.verify_segment($1, $2::pg_catalog.int8, $3, $4, $5::pg_catalog.jsonb)', [
      waiting.segment,
      found.rows,
      found.hash,
      manifestSha256,
      JSON.stringify({ place: waiting.uri, dbctl }),
    ]);
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.sqlstate === 'IM013') return failed(thrown.message);
    throw thrown;
  }
}

const failed = (message: string): never =>
  fail('archive.failed', message, { hint: 'Nothing was recorded, and the rows stay in the database.' });
