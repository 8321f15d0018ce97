import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Sink } from './sink.ts';

/** What became of one note at one sink. */
export interface Publication {
  readonly sequence: number;
  readonly sink: string;
  /** Null: it is there. */
  readonly problem: string | null;
}

/**
 * Brings every sink up to the last note, oldest first, and stores the receipts. A sink that fails holds up no other, and is caught up by
 * the next run: what has no receipt is published again, and sinks accept the same note twice.
 */
export async function publishPending(session: Session, sinks: readonly Sink[]): Promise<Publication[]> {
  const done = await Promise.all(sinks.map((sink) => pendingOf(session, sink).then((notes) => ({ sink, notes }))));
  const published: Publication[] = [];
  for (const { sink, notes } of done) {
    for (const { sequence, note } of notes) {
      const publication = await publishOne(session, sink, sequence, note);
      published.push(publication);
      if (publication.problem !== null) break;
    }
  }
  return published;
}

async function publishOne(session: Session, sink: Sink, sequence: number, text: string): Promise<Publication> {
  try {
    const { reference, detail } = await sink.publish({ sequence, text });
    await session.rows(RECEIPT, [sequence, sink.name, reference, JSON.stringify(detail)]);
    return { sequence, sink: sink.name, problem: null };
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'db.unreachable') throw thrown;
    return { sequence, sink: sink.name, problem: (thrown as Error).message };
  }
}

function pendingOf(session: Session, sink: Sink): Promise<{ sequence: number; note: string }[]> {
  return session.rows(PENDING, [sink.name]);
}

const PENDING = /* sql */ `
select c.sequence::pg_catalog.float8 as sequence, c.note
from dbctl.ledger_checkpoint c
where not exists (select from dbctl.ledger_receipt r where r.sequence = c.sequence and r.sink = $1)
order by c.sequence`;

const RECEIPT = /* sql */ `
insert into dbctl.ledger_receipt (sequence, sink, reference, detail)
values ($1, $2, $3, $4::pg_catalog.jsonb)
on conflict (sequence, sink) do nothing`;
