import type { Session } from '../../db/session.ts';
import { HEARTBEAT_INTERVALS } from './checkpoint.ts';
import { finding, type Finding } from './finding.ts';
import { ident, qualified } from '../../db/ident.ts';
import { SEE_EVERY_ROW, readSealedTables, whilePartitionsGo, type SealedTable } from './relations.ts';
import type { LedgerSettings } from './settings.ts';
import type { Sink } from './sink.ts';
import { readColumnLists, readHorizon, readState, type Epoch, type Head, type LedgerState } from './state.ts';
import { verifyPartition, type Extent, type PartitionTask } from './verify-content.ts';
import { verifyLog } from './verify-log.ts';
import { verifyOutside } from './verify-outside.ts';

export interface VerifyInputs {
  readonly settings: LedgerSettings;
  readonly sinks: readonly Sink[];
  readonly extent: Extent;
  /** Only this table, `schema.table`. */
  readonly table?: string;
  /** Sessions at a time. */
  readonly jobs: number;
  /** Opens a session of its own for a worker. */
  readonly openSession: <T>(use: (session: Session) => Promise<T>) => Promise<T>;
  readonly onRows: (rows: number) => void;
}

/**
 * Compares rows, log, signatures and the copies outside. What it says is in the kinds of {@link Finding}; it fails only when it cannot
 * look: refused where there is no ledger, db.denied, db.unreachable. Reads only; run it as a role with select on the tables and dbctl_auditor,
 * also on a standby.
 */
export async function verifyLedger(session: Session, inputs: VerifyInputs): Promise<Finding[]> {
  const { settings, sinks } = inputs;
  const outsideInputs = { sinks, publicKeys: settings.publicKeys, full: inputs.extent.full };
  const state = await readState(session);
  const { epoch, head } = state;
  if (epoch === null || head === null) {
    return [
      finding('unsealed', 'the ledger', 'no checkpoint was ever made'),
      ...(await verifyOutside(session, state, outsideInputs)),
    ];
  }
  const restored = restoredFinding(state, epoch, head);
  const log = await verifyLog(session, settings.publicKeys);
  const outside = await verifyOutside(session, state, outsideInputs);
  const tables = await readSealedTables(session, settings);
  const content = await verifyContent(session, inputs, { epoch, head, restored: restored.length > 0 }, tables);
  const open = restored.length > 0 ? [] : await openRows(session, inputs, state, epoch, head);
  return [...restored, ...log, ...outside, ...content, ...open];
}

function restoredFinding({ systemIdentifier, xmin, inRecovery }: LedgerState, epoch: Epoch, head: Head): Finding[] {
  if (epoch.systemIdentifier !== systemIdentifier) {
    const message = `the log belongs to server ${epoch.systemIdentifier}, and this is ${systemIdentifier}: rows were restored into it`;
    return [finding('epoch', epoch.origin, message)];
  }
  if (!inRecovery && xmin + epoch.xidOffset < head.hi) {
    return [finding('epoch', epoch.origin, `transaction ids have gone back from ${head.hi} to ${xmin + epoch.xidOffset}`)];
  }
  return [];
}

type Standing = Pick<PartitionTask, 'epoch' | 'head' | 'restored'>;

async function verifyContent(
  session: Session,
  inputs: VerifyInputs,
  standing: Standing,
  tables: readonly SealedTable[],
): Promise<Finding[]> {
  const lists = await readColumnLists(session);
  const { settings, extent, onRows } = inputs;
  const tasks = (await partitionsOf(session, standing.epoch, tables, inputs.table)).map(
    ({ table, partition }): PartitionTask => ({
      table,
      partition,
      ...standing,
      xidColumn: settings.xidColumn,
      lists,
      extent,
      onRows,
    }),
  );
  const found: Finding[][] = tasks.map(() => []);
  let next = 0;
  const worker = () =>
    inputs.openSession(async (own) => {
      await own.script(SEE_EVERY_ROW);
      for (let place = next++; place < tasks.length; place = next++) {
        const task = tasks[place];
        if (task !== undefined) found[place] = await verifyPartition(own, task);
      }
    });
  await Promise.all(Array.from({ length: Math.min(inputs.jobs, tasks.length) }, worker));
  return found.flat();
}

interface Named {
  readonly table: string;
  readonly partition: string;
}

/** Partitions that have windows, gone or not, and those that are there: a partition without windows may hold rows put in later. */
async function partitionsOf(
  session: Session,
  { epoch }: Epoch,
  tables: readonly SealedTable[],
  only: string | undefined,
): Promise<Named[]> {
  const sealed = await session.rows<Named>(
    'select distinct w.table_name as table, w.partition_name as partition from dbctl.ledger_window w where w.epoch = $1',
    [epoch],
  );
  const present = tables.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({ table: name, partition: partition.name })),
  );
  const all = new Map([...sealed, ...present].map((one) => [one.partition, one]));
  return [...all.values()]
    .filter(({ table }) => only === undefined || table === only)
    .toSorted((a, b) => (a.partition < b.partition ? -1 : 1));
}

/** Rows that are not sealed yet: right while they are young, an alarm when checkpoints have stopped. */
async function openRows(
  session: Session,
  { settings }: VerifyInputs,
  { xmin }: LedgerState,
  epoch: Epoch,
  head: Head,
): Promise<Finding[]> {
  const late = head.ageMs > 2 * settings.intervalMs;
  const findings: Finding[] = [];
  const counted = await whilePartitionsGo(async () => {
    const counts = [];
    for (const table of await readSealedTables(session, settings)) {
      counts.push({ table, ...(await countOpen(session, table, settings.xidColumn, head.hi, xmin + epoch.xidOffset)) });
    }
    return counts;
  });
  for (const { table, closable, open } of counted) {
    if (closable > 0 && late) {
      const message = `${closable} rows of ended transactions are not sealed, and the last checkpoint is ${seconds(head.ageMs)} old`;
      findings.push(finding('unsealed', table.name, message, { rows: closable }));
    } else if (closable + open > 0) {
      findings.push(
        finding('pending', table.name, `${closable + open} rows wait for the next checkpoint`, { rows: closable + open }),
      );
    }
  }
  if (head.ageMs > (HEARTBEAT_INTERVALS + 2) * settings.intervalMs) {
    findings.push(
      finding(
        'suppressed',
        epoch.origin,
        `the last checkpoint is ${seconds(head.ageMs)} old; one is due every ${seconds(HEARTBEAT_INTERVALS * settings.intervalMs)}`,
      ),
    );
  }
  const horizon = await readHorizon(session);
  if (horizon !== null && horizon.ageMs > 10 * settings.intervalMs) {
    findings.push(
      finding('horizon', horizon.who, `it is open for ${seconds(horizon.ageMs)}, and nothing that came after it can be sealed`),
    );
  }
  return findings;
}

async function countOpen(session: Session, { partitions }: SealedTable, xidColumn: string, hi: bigint, xmin: bigint) {
  const column = `t.${ident(xidColumn)}`;
  const parts = partitions.map(
    ({ schema, relation }) =>
      `select ${column} as xid from only ${qualified(schema, relation)} t where ${column} >= $1::pg_catalog.xid8`,
  );
  if (parts.length === 0) return { closable: 0, open: 0 };
  const [row] = await session.rows<{ closable: number; open: number }>(
    `select pg_catalog.count(*) filter (where r.xid < $2::pg_catalog.xid8)::pg_catalog.float8 as closable,
            pg_catalog.count(*) filter (where r.xid >= $2::pg_catalog.xid8)::pg_catalog.float8 as open
     from (${parts.join('\nunion all\n')}) r`,
    [String(hi), String(xmin)],
  );
  return row ?? { closable: 0, open: 0 };
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
