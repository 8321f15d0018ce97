import { DbctlError } from '../../../core/errors.ts';
import { ident } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { heldCondition, readBearings, type Bearing } from '../holds/protect.ts';
import { MOMENT_TYPES } from '../relation.ts';
import { tableText, type ArchiveRule } from '../settings.ts';
import { CUT_OFF } from '../statements.ts';
import { readDependants } from './dependants.ts';
import type { PartitionFacts, SegmentFacts, TableFacts, UnfitTable } from './facts.ts';
import { readPartitionKeys, type PartitionKey } from './partition-keys.ts';
import { countRows, hasOld, LEDGER, PARTITIONS, PROMISED, SAID, SEGMENT, TABLE, times, unsealed } from './queries.ts';
import { readReferrers } from './referrers.ts';

export const isUnfitTable = (one: TableFacts | UnfitTable): one is UnfitTable => 'problem' in one;

export interface InspectWish {
  /** Column of the ledger. */
  readonly xidColumn: string;
  /** `look`: rights to fence and remove are not asked for. Default `run`. */
  readonly use?: 'run' | 'look';
  /** Rows are counted in place of being estimated. */
  readonly exact?: boolean;
}

/**
 * Reads all there is to know about a rule that archives, in one snapshot. Changes nothing; reads the least and
 * the greatest time of the partitions that are old enough by their bounds. A rule that cannot run is an answer. Fails only where the connection
 * does.
 */
export async function inspectTable(session: Session, rule: ArchiveRule, wish: InspectWish): Promise<TableFacts | UnfitTable> {
  try {
    return await inTransaction(session, 'isolation level repeatable read, read only', () => inspect(session, rule, wish));
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || ['db.unreachable', 'interrupted'].includes(thrown.code)) throw thrown;
    return { problem: `the server refuses a look at it: ${thrown.message}`, grants: [] };
  }
}

/** As {@link TABLE} gives it. */
interface Table {
  readonly oid: number;
  readonly kind: string;
  readonly keyColumn: string | null;
  /** Of the rule's own column; null: it has none, or there is no such column. */
  readonly byType: string | null;
  readonly governed: boolean;
  readonly registry: boolean;
  readonly closedFunctions: readonly string[];
  readonly closedTables: readonly string[];
  readonly uses: boolean;
  readonly temporary: boolean;
  readonly hidden: boolean;
}

interface Partition extends Pick<
  PartitionFacts,
  'oid' | 'name' | 'sql' | 'bound' | 'isDefault' | 'isPending' | 'hotBytes' | 'isFenced' | 'virtualColumns'
> {
  readonly kind: string;
  readonly isPast: boolean;
  readonly tuples: number;
  readonly selects: boolean;
}

async function inspect(session: Session, rule: ArchiveRule, wish: InspectWish): Promise<TableFacts | UnfitTable> {
  const [table] = await session.rows<Table>(TABLE, [rule.schema, rule.table, rule.by]);
  const misfit = misfitOf(rule, table);
  if (table === undefined || misfit !== null) return { problem: misfit ?? '', grants: [] };
  const denied = deniedOf(session, rule, table, wish.use ?? 'run');
  if (denied !== null) return denied;
  const name = tableText(rule);
  const [guarded] = await session.rows<{ there: boolean }>(
    'select exists (select from dbctl.protected_relation p where p.relation = $1::pg_catalog.int8::pg_catalog.oid and p.root = p.relation) as there',
    [table.oid],
  );
  if (guarded?.there !== true) return { problem: `${name} is not guarded yet: dbctl immutability install`, grants: [] };
  const [cut] = await session.rows<{ at: string }>(CUT_OFF, [rule.keep]);
  const cutOff = cut?.at ?? '';
  const [said] = await session.rows<NonNullable<TableFacts['said']>>(SAID, [name, rule.keep]);
  const partitions = await session.rows<Partition>(PARTITIONS, [table.oid, cutOff]);
  const past = partitions.filter(({ isPast, isDefault }) => isPast || isDefault);
  const closed = past.filter(({ selects }) => !selects);
  if (closed.length > 0) return closedPartitions(session, name, closed);
  const bearings = await readBearings(session, [table.oid]);
  const keys = await readPartitionKeys(session, table.oid);
  const look = { session, rule, table, cutOff, bearings, keys, wish };
  const found: PartitionFacts[] = [];
  for (const one of past) found.push(...(await partitionFacts(look, one)));
  return {
    oid: table.oid,
    keyColumn: table.keyColumn ?? '',
    cutOff,
    said: said ?? null,
    holds: [...new Set(bearings.map(({ hold }) => hold))],
    partitions: found,
    younger: partitions.length - past.length,
  };
}

/** Why a rule means nothing here; null: it does. */
function misfitOf(rule: ArchiveRule, table: Table | undefined): string | null {
  const name = tableText(rule);
  if (table === undefined) return `there is no table ${name}`;
  if (table.kind !== 'p')
    return `${name} is not partitioned, and what is archived leaves by whole partitions (docs/partitions.md)`;
  if (table.keyColumn === null) return `${name} is not partitioned by range of one timestamptz, timestamp or date`;
  if (rule.by !== null && table.byType === null) return `${name} has no column ${rule.by}`;
  if (table.byType !== null && !(MOMENT_TYPES as readonly string[]).includes(table.byType))
    return `${name}.${rule.by} is of type ${table.byType}, and an age is counted from timestamptz, timestamp or date`;
  if (!table.governed)
    return 'schema dbctl has no functions that remove partitions yet: dbctl immutability install, as a superuser';
  return null;
}

function deniedOf({ user, database }: Session, rule: ArchiveRule, table: Table, use: 'run' | 'look'): UnfitTable | null {
  const login = ident(user);
  if (table.closedTables.length > 0)
    return {
      problem: `${user} may not see what dbctl keeps in the database: copies, holds, windows of the ledger`,
      grants: [`grant dbctl_auditor to ${login};`],
    };
  if (!table.uses)
    return {
      problem: `${user} may not use schema ${rule.schema}`,
      grants: [`grant usage on schema ${ident(rule.schema)} to ${login};`],
    };
  if (table.hidden)
    return {
      problem: `row-level security hides rows of ${tableText(rule)} from ${user}: they would be missing in the copy`,
      grants: [`alter role ${login} bypassrls;`],
    };
  if (use === 'look') return null;
  if (table.closedFunctions.length > 0)
    return {
      problem: `${user} may not call ${table.closedFunctions.map((one) => one.replace(/\(.*/, '')).join(', ')}: it is no archiver of this database`,
      grants: [`-- dbctl.yaml: immutability: {archivers: [${user}]}, then as a superuser: dbctl immutability install`],
    };
  if (!table.temporary)
    return {
      problem: `${user} may make no temporary tables, in which copies are compared`,
      grants: [`grant temporary on database ${ident(database)} to ${login};`],
    };
  return null;
}

/** Rights on the parent do not hold for a partition that is read by its own name. */
const closedPartitions = ({ user }: Session, name: string, closed: readonly Partition[]): UnfitTable => ({
  problem: `${user} may not read ${closed.length === 1 ? 'a partition' : `${closed.length} partitions`} of ${name}: ${closed.map((one) => one.name).join(', ')}`,
  grants: closed.map(({ sql }) => `grant select on table ${sql} to ${ident(user)};`),
});

interface Look {
  readonly session: Session;
  readonly rule: ArchiveRule;
  readonly table: Table;
  readonly cutOff: string;
  readonly bearings: readonly Bearing[];
  readonly keys: readonly PartitionKey[];
  readonly wish: InspectWish;
}

async function partitionFacts(look: Look, partition: Partition): Promise<PartitionFacts[]> {
  const { session, rule, table, cutOff } = look;
  const { kind: _kind, isPast: _isPast, tuples, selects: _selects, ...facts } = partition;
  const { sql } = facts;
  const key = table.keyColumn ?? '';
  if (facts.isDefault && !(await isThere(session, hasOld(sql, key), cutOff))) return [];
  const [time] = await session.rows<Pick<PartitionFacts, 'oldest' | 'newest' | 'isAged' | 'lateSeconds'>>(
    times(sql, key, rule.by ?? key),
    [cutOff],
  );
  const [oldest, newest] = [time?.oldest ?? null, time?.newest ?? null];
  const [promise] = await session.rows<{ promised: string | null }>(PROMISED, [tableText(rule), rule.keep, oldest, newest]);
  const isGoing = !facts.isDefault && time?.isAged !== false;
  const [segment] = await session.rows<SegmentFacts>(SEGMENT, [facts.oid, facts.name]);
  return [
    {
      ...facts,
      rows: segment?.rows ?? (look.wish.exact === true ? await counted(session, sql) : tuples < 0 ? null : tuples),
      oldest,
      newest,
      isAged: time?.isAged ?? true,
      lateSeconds: time?.lateSeconds ?? 0,
      promised: promise?.promised ?? null,
      holds: await holdsOn(look, sql),
      referrers: isGoing ? await readReferrers(session, look.keys, facts) : [],
      dependants: isGoing ? await readDependants(session, facts.oid) : [],
      ledger: await ledgerOf(look, partition),
      segment: segment ?? null,
    },
  ];
}

const counted = async (session: Session, sql: string): Promise<number> =>
  (await session.rows<{ rows: number }>(countRows(sql)))[0]?.rows ?? 0;

const isThere = async (session: Session, sql: string, value: string | null): Promise<boolean> =>
  (await session.rows<{ there: boolean }>(sql, [value]))[0]?.there === true;

/** Each by itself: a person wants to know which. */
async function holdsOn({ session, table, bearings }: Look, sql: string): Promise<number[]> {
  const held: number[] = [];
  for (const hold of new Set(bearings.map((one) => one.hold))) {
    const condition = heldCondition(
      { oid: table.oid, references: [] },
      bearings.filter((one) => one.hold === hold),
      't',
    );
    const [row] = await session.rows<{ held: boolean }>(
      `select exists (select from only ${sql} t where ${condition ?? 'false'}) as held`,
    );
    if (row?.held === true) held.push(hold);
  }
  return held;
}

async function ledgerOf({ session, rule, wish }: Look, { name, sql }: Partition): Promise<PartitionFacts['ledger']> {
  const [known] = await session.rows<{ there: boolean }>(
    `select pg_catalog.to_regclass('dbctl.ledger_columns') is not null as there`,
  );
  const [row] =
    known?.there === true
      ? await session.rows<{ windows: number; hi: string | null; isPublished: boolean }>(LEDGER, [tableText(rule), name])
      : [];
  if (row === undefined) return null;
  const isOpen = await isThere(session, unsealed(sql, wish.xidColumn), row.hi);
  return { windows: row.windows, isSealed: !isOpen, isPublished: row.isPublished };
}
