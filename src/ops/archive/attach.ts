import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { columnProblem, readColumns } from './attach-columns.ts';
import type { Repository } from '../backup/repository.ts';
import { LOADED } from './compare.ts';
import { archiveText, type ArchiveManifest } from './manifest.ts';
import { unlockArchive, type ReadOptions } from './read.ts';
import { EXACT_TEXT } from './relation.ts';
import { createTable, loadVerified } from './restore.ts';
import { sealedRowsOf } from './verify.ts';

export interface AttachInputs {
  readonly destination: Repository;
  readonly manifest: ArchiveManifest;
  /** Owner of the protected tables, who reads the loaded rows. */
  readonly owner: string;
  /** How long it stays, as an interval. */
  readonly stay: string;
  readonly reason: string;
}

export interface Attached {
  readonly rows: number;
  /** Name of what is back, in dbctl.archive_segment. */
  readonly segment: string;
  /** ISO 8601, UTC. */
  readonly until: string;
}

/** What a return would be: the segment that left, and the partition. */
export interface Returnable {
  readonly segment: string;
  readonly partition: string;
  readonly table: string;
}

/**
 * The segment of an archive, as the database has it. Fails with refused where it has none, or its partition may not come back now: it is there, or
 * was never removed, or the ledger knows nothing of its rows, or the table has other columns now; with db.denied where the session may not look.
 */
export async function findReturnable(session: Session, manifest: ArchiveManifest): Promise<Returnable> {
  await session.script(EXACT_TEXT);
  const sha256 = createHash('sha256').update(archiveText(manifest)).digest('hex');
  const [there] = await session.rows<{ found: boolean }>(
    `select pg_catalog.to_regclass('dbctl.archive_return') is not null as found`,
  );
  const rows = there?.found === true ? await session.rows<Returnable>(SEGMENT, [sha256]) : [];
  const [found] = rows;
  if (found === undefined)
    return fail('refused', `this database has no record that a partition left as ${manifest.id}`, {
      hint: 'What left another database, or was archived and not removed, comes into a side table: --into SCHEMA.TABLE.',
    });
  const [problem] = await session.rows<{ problem: string }>('select p.problem from dbctl.return_problem($1) p', [found.segment]);
  const why = problem?.problem ?? columnProblem(found.table, await readColumns(session, found.table), manifest.columns);
  if (why !== null)
    fail('refused', `${found.partition} cannot come back: ${why}`, {
      hint: 'To look into its rows take a side table: --into SCHEMA.TABLE.',
    });
  return found;
}

const SEGMENT = /* sql */ `
select s.segment, s.partition_name as partition, s.table_name as table
from dbctl.archive_segment s
where s.manifest_sha256 = $1 and not exists (select from dbctl.archive_return r where r.segment = s.segment)
order by exists (select from dbctl.archive_event e where e.segment = s.segment and e.kind = 'removed') desc, s.exported_at desc
limit 1`;

/**
 * Brings a partition that left back to its table, guarded and fenced: its rows are loaded into a table of the session, compared with the manifest
 * and with what the ledger sealed, and then attached in one transaction that counts and hashes them once more. A run that dies leaves nothing.
 * Fails like {@link findReturnable}, with archive.failed where the rows are not those that left, with lock.held where the table stays busy, with
 * sql.failed where a row refers to one that is gone.
 */
export async function attachArchive(
  session: Session,
  { destination, manifest, owner, stay, reason }: AttachInputs,
  options: ReadOptions,
): Promise<Attached> {
  const { segment } = await findReturnable(session, manifest);
  const dataKey = await unlockArchive(destination, manifest);
  const sealed = await sealedRowsOf(destination, manifest);
  const loaded = qualified(LOADED.schema, LOADED.name);
  await session.script(`drop table if exists ${loaded}`);
  try {
    const { rows } = await inTransaction(session, 'read write', async () => {
      await session.script(createTable(LOADED, manifest.columns));
      return loadVerified(session, destination, { manifest, dataKey, sealed }, LOADED, options);
    });
    await session.script(`grant select on table ${loaded} to ${ident(owner)}`);
    const [back] = await session.rows<Omit<Attached, 'rows'>>(RETURN, [segment, loaded, stay, reason]);
    if (back === undefined) throw new Error('a function of one value answers one row');
    return { rows, ...back };
  } finally {
    await session.script(`drop table if exists ${loaded}`).catch(() => {});
  }
}

const RETURN = /* sql */ `
select b.segment, pg_catalog.to_char(u.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as until
from (select pg_catalog.now() + $3::pg_catalog.interval as until) u
cross join lateral dbctl.return_partition($1, $2::pg_catalog.regclass, u.until, $4) b (segment)`;
