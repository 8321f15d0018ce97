import type { Session } from '../../db/session.ts';
import { finding, type Finding } from './finding.ts';
import { openNote } from './note.ts';
import type { Sink } from './sink.ts';
import type { LedgerState } from './state.ts';

/** What the sinks know against what the database says: the copies a superuser of the database cannot reach. */
export async function verifyOutside(
  session: Session,
  sinks: readonly Sink[],
  state: LedgerState,
  publicKeys: readonly string[],
): Promise<Finding[]> {
  const findings = await Promise.all(sinks.map((sink) => verifySink(session, sink, state, publicKeys)));
  const few =
    sinks.length < 2
      ? [
          finding(
            'sinks',
            'ledger.sinks',
            `notes go to ${sinks.length === 0 ? 'no place' : 'one place only'} outside the database`,
          ),
        ]
      : [];
  return [...findings.flat(), ...few];
}

async function verifySink(
  session: Session,
  sink: Sink,
  { head, inRecovery }: LedgerState,
  publicKeys: readonly string[],
): Promise<Finding[]> {
  const last = head?.sequence ?? 0;
  const [missing] = await session.rows<{ count: number; first: number | null }>(MISSING, [sink.name]);
  const behind =
    missing !== undefined && missing.count > 0
      ? [
          finding('unpublished', sink.name, `${missing.count} notes were not published there, the first is ${missing.first}`, {
            ...missing,
          }),
        ]
      : [];
  try {
    const latest = await sink.latest();
    if (latest === 'unreadable') return behind;
    if (latest === null) return last === 0 || behind.length > 0 ? behind : [gone(sink, last)];
    openNote(latest.text, publicKeys);
    if (latest.sequence > last && inRecovery) {
      return [
        finding('pending', sink.name, `it holds checkpoint ${latest.sequence}, and this standby has replayed up to ${last}`),
      ];
    }
    if (latest.sequence > last) {
      const message = `it holds checkpoint ${latest.sequence}, and the database ends at ${last}: the database has gone back`;
      return [finding('rollback', sink.name, message, { sink: latest.sequence, database: last, reference: latest.reference })];
    }
    const [own] = await session.rows<{ note: string }>('select c.note from dbctl.ledger_checkpoint c where c.sequence = $1', [
      latest.sequence,
    ]);
    if (own?.note !== latest.text) {
      return [
        finding('tampered', sink.name, `its checkpoint ${latest.sequence} is another than the database’s`, {
          reference: latest.reference,
        }),
      ];
    }
    if (behind.length === 0 && latest.sequence < last) return [gone(sink, last, latest.sequence)];
    return behind.length > 0
      ? behind
      : [finding('sealed', sink.name, `it holds checkpoint ${latest.sequence}, the same as the database`)];
  } catch (thrown) {
    return [...behind, finding('unpublished', sink.name, `it could not be read: ${(thrown as Error).message}`)];
  }
}

function gone(sink: Sink, last: number, found?: number): Finding {
  const message = `there are receipts for checkpoint ${last}, and it holds ${found === undefined ? 'none' : `nothing after ${found}`}`;
  return finding('tampered', sink.name, message);
}

const MISSING = /* sql */ `
select pg_catalog.count(*)::pg_catalog.int4 as count, pg_catalog.min(c.sequence)::pg_catalog.float8 as first
from dbctl.ledger_checkpoint c
where not exists (select from dbctl.ledger_receipt r where r.sequence = c.sequence and r.sink = $1)`;
