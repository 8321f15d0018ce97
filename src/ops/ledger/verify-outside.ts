import type { Session } from '../../db/session.ts';
import { finding, type Finding } from './finding.ts';
import { openNote } from '../signing/note.ts';
import type { PublishedNote, Sink } from './sink.ts';
import type { LedgerState } from './state.ts';

export interface OutsideInputs {
  readonly sinks: readonly Sink[];
  readonly publicKeys: readonly string[];
  /** Every note of every sink, instead of a sample. */
  readonly full: boolean;
}

/** What the sinks know against what the database says: the copies a superuser of the database cannot reach. */
export async function verifyOutside(session: Session, state: LedgerState, inputs: OutsideInputs): Promise<Finding[]> {
  const { sinks } = inputs;
  const findings = await Promise.all(sinks.map((sink) => verifySink(session, sink, state, inputs)));
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
  { publicKeys, full }: OutsideInputs,
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
    const other = await firstOther(session, sink, latest.sequence, full);
    if (other !== null) {
      const message = `its checkpoint ${other.sequence} is another than the database’s, though the latest are the same: the log was signed anew`;
      return [finding('tampered', sink.name, message, { reference: other.reference, sequence: other.sequence })];
    }
    return behind.length > 0
      ? behind
      : [finding('sealed', sink.name, `it holds checkpoint ${latest.sequence}, the same as the database`)];
  } catch (thrown) {
    return [...behind, finding('unpublished', sink.name, `it could not be read: ${(thrown as Error).message}`)];
  }
}

/** The first old note of the sink that is not the database's; null: none of those looked at. Notes the database lost in a restore are cited by its new epoch. */
async function firstOther(session: Session, sink: Sink, last: number, full: boolean): Promise<PublishedNote | null> {
  for (const numbers of full ? pages(last) : [sampleOf(last)]) {
    const notes = await sink.read(numbers);
    if (notes === 'unreadable') return null;
    const own = await session.rows<{ sequence: number; note: string }>(NOTES, [numbers]);
    const texts = new Map(own.map(({ sequence, note }) => [sequence, note]));
    const other = notes.find(({ sequence, text }) => texts.has(sequence) && texts.get(sequence) !== text);
    if (other !== undefined) return other;
  }
  return null;
}

/** Notes read at a time. */
const PAGE = 5_000;

function* pages(last: number): Generator<number[]> {
  for (let first = 1; first <= last; first += PAGE) {
    yield Array.from({ length: Math.min(PAGE, last - first + 1) }, (_, index) => first + index);
  }
}

/**
 * The first note, those 1, 2, 4, 8 … before the last, and some by chance: whoever signed anew more notes than were published since is
 * met by the powers of two, whoever signed fewer by chance, run after run.
 */
function sampleOf(last: number): number[] {
  const back = Array.from({ length: Math.floor(Math.log2(last)) + 1 }, (_, power) => last - 2 ** power);
  const chance = Array.from({ length: 8 }, () => 1 + Math.floor(Math.random() * last));
  return [...new Set([1, ...back, ...chance])].filter((sequence) => sequence >= 1).toSorted((a, b) => a - b);
}

function gone(sink: Sink, last: number, found?: number): Finding {
  const message = `there are receipts for checkpoint ${last}, and it holds ${found === undefined ? 'none' : `nothing after ${found}`}`;
  return finding('tampered', sink.name, message);
}

const NOTES = /* sql */ `
select c.sequence::pg_catalog.float8 as sequence, c.note
from dbctl.ledger_checkpoint c
where c.sequence = any ($1::pg_catalog.int8[])`;

const MISSING = /* sql */ `
select pg_catalog.count(*)::pg_catalog.int4 as count, pg_catalog.min(c.sequence)::pg_catalog.float8 as first
from dbctl.ledger_checkpoint c
where not exists (select from dbctl.ledger_receipt r where r.sequence = c.sequence and r.sink = $1)`;
