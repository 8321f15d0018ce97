import type { Session } from '../../db/session.ts';
import { ident, literal, qualified } from '../../db/ident.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PublishedNote } from './sink.ts';
import type { LedgerSettings } from './settings.ts';
import type { Epoch, LedgerState } from './state.ts';

export interface NewEpoch {
  readonly reason: string;
  /** What was found when the windows of the epoch before were compared with the rows that are here now. */
  readonly findings: JsonObject;
}

interface EpochInputs {
  readonly settings: LedgerSettings;
  readonly operator: string;
  readonly newEpoch: NewEpoch | null;
  /** The last notes of the sinks: what they have and the database has not was lost in a restore. */
  readonly latest: readonly PublishedNote[];
}

/** The epoch to go on in: the present one, the first one, or a new one where that was asked for. */
export async function nextEpoch(session: Session, state: LedgerState, inputs: EpochInputs): Promise<Epoch> {
  if (state.epoch !== null && inputs.newEpoch === null) return state.epoch;
  // Also above those a restore took away: an origin names one log, for ever.
  const number = Math.max(state.epoch?.epoch ?? 0, ...inputs.latest.map(epochOf)) + 1;
  const xidOffset = await neededOffset(session, state, inputs.settings);
  const epoch: Epoch = {
    epoch: number,
    origin: `dbctl/${state.systemIdentifier}/${session.database}/${number}`,
    systemIdentifier: state.systemIdentifier,
    xidOffset,
    firstXid: state.xmin + xidOffset,
  };
  await open(session, epoch, state, inputs);
  return epoch;
}

/** What a note says of its epoch; 0 where it says nothing. Not proved: a wrong number makes the next one higher than need be. */
function epochOf({ text }: PublishedNote): number {
  return Number(/^epoch (\d{1,6})$/m.exec(text)?.[1] ?? 0);
}

/**
 * After a logical restore the server counts transactions from a lower number than rows have. Their column must never repeat a value, or rows
 * old and new would share a window; so from then on its default adds what is missing.
 */
async function neededOffset(
  session: Session,
  { xmax, epoch }: LedgerState,
  { tables, xidColumn }: LedgerSettings,
): Promise<bigint> {
  let highest = 0n;
  for (const { schema, name } of tables) {
    const [row] = await session.rows<{ highest: string | null }>(
      `select pg_catalog.max(t.${ident(xidColumn)})::pg_catalog.text as highest from ${qualified(schema, name)} t`,
    );
    const value = BigInt(row?.highest ?? '0');
    if (value > highest) highest = value;
  }
  const present = epoch?.xidOffset ?? 0n;
  return highest < xmax + present ? present : highest + 1n;
}

async function open(
  session: Session,
  epoch: Epoch,
  state: LedgerState,
  { settings, operator, newEpoch, latest }: EpochInputs,
): Promise<void> {
  const { head } = state;
  const cites =
    head === null
      ? {}
      : { sequence: head.sequence, epoch: head.epoch, size: head.size, root: head.root.toString('hex'), note: head.note };
  const lost = latest
    .filter(({ sequence }) => sequence > (head?.sequence ?? 0))
    .map(({ sequence, text }) => ({ sequence, note: text }));
  const changed = epoch.xidOffset !== (state.epoch?.xidOffset ?? 0n);
  const defaults = changed ? settings.tables.map((table) => newDefault(table, settings.xidColumn, epoch.xidOffset)) : [];
  const record = `insert into dbctl.ledger_epoch (epoch, reason, origin, system_identifier, xid_offset, first_xid, cites, operator)
values (${epoch.epoch}, ${literal(newEpoch?.reason ?? 'first checkpoint')}, ${literal(epoch.origin)}, ${literal(epoch.systemIdentifier)},
        ${epoch.xidOffset}, '${epoch.firstXid}', ${literal(JSON.stringify({ ...cites, lost, findings: newEpoch?.findings ?? {} }))}, ${literal(operator)})`;
  await session
    .script(['begin', 'set local lock_timeout = 2000', ...defaults, record, 'commit'].join(';\n'))
    .catch(async (thrown: unknown) => {
      await session.script('rollback').catch(() => {});
      throw thrown;
    });
}

/** The permit lets this transaction change a protected table; at its end the table has to be guarded as before. */
function newDefault({ schema, name }: LedgerSettings['tables'][number], xidColumn: string, offset: bigint): string {
  const table = qualified(schema, name);
  return `insert into dbctl.permit (relation, purpose, reason)
select p.relation, 'epoch', 'transaction ids go on above those of the rows restored'
from dbctl.protected_relation p
where p.root = ${literal(table)}::pg_catalog.regclass;
alter table ${table} alter column ${ident(xidColumn)}
  set default ((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 + ${offset})::pg_catalog.text::pg_catalog.xid8)`;
}
