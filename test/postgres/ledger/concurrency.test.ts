import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FULL, complaints, ledgerBench } from './support.ts';

const WRITERS = 20;

interface Load {
  readonly isolation: string;
  readonly ms: number;
}

/** Writers of every temper: short and long transactions, rollbacks, savepoints, several rows, both partitions. */
async function write(bench: ReturnType<typeof ledgerBench>, place: number, { isolation, ms }: Load): Promise<number> {
  const client = await bench.connect();
  const ended = performance.now() + ms;
  let committed = 0;
  for (let round = 0; performance.now() < ended; round += 1) {
    const rows = 1 + ((place + round) % 4);
    const at = (place + round) % 5 === 0 ? '2020-01-01' : '2026-06-01';
    try {
      await client.query(`begin isolation level ${isolation}`);
      await client.query('insert into public.log (what, at) select $1, $2 from generate_series(1, $3::int)', [
        `w${place}`,
        at,
        rows,
      ]);
      if (round % 3 === 0) {
        await client.query('savepoint a');
        await client.query(`insert into public.log (what, at) values ('rolled back', $1)`, [at]);
        await client.query('rollback to savepoint a');
        await client.query('savepoint b');
        await client.query(`insert into public.log (what, at) values ('in a subtransaction', $1)`, [at]);
        await client.query('release savepoint b');
      }
      if (place % 4 === 0) await sleep(20 + ((place * 37 + round * 13) % 300));
      if (round % 7 === 6) {
        await client.query('rollback');
      } else {
        await client.query('commit');
        committed += rows + (round % 3 === 0 ? 1 : 0);
      }
    } catch (thrown) {
      await client.query('rollback').catch(() => {});
      if (!['40001', '40P01'].includes((thrown as { code?: string }).code ?? '')) throw thrown;
    }
  }
  await client.end();
  return committed;
}

describe.each(['read committed', 'repeatable read', 'serializable'])('twenty writers at %s', (isolation) => {
  const bench = ledgerBench();

  it('and three checkpointers: every row is sealed exactly once', async () => {
    const stop = new AbortController();
    const checkpointer = async () => {
      let made = 0;
      while (!stop.signal.aborted) {
        const { kind } = await bench.checkpoint({ sinks: [] });
        if (kind === 'made') made += 1;
        await sleep(30);
      }
      return made;
    };
    const checkpointers = [checkpointer(), checkpointer(), checkpointer()];
    const partitions = (async () => {
      for (let month = 1; month <= 6; month += 1) {
        await sleep(300);
        const client = await bench.connect();
        await client.query(`create table public.other_${month} (id int); drop table public.other_${month}`);
        await client.end();
      }
    })();
    const writers = Array.from({ length: WRITERS }, (_, place) => write(bench, place, { isolation, ms: 3_000 }));
    const committed = (await Promise.all(writers)).reduce((sum, one) => sum + one, 0);
    await partitions;
    // While writers still ran, verification by somebody else must not have cried.
    stop.abort();
    const made = (await Promise.all(checkpointers)).reduce((sum, one) => sum + one, 0);
    await bench.checkpoint();
    expect(complaints(await bench.verify(FULL))).toEqual([]);
    const [sums] = await bench.rows<{ inserted: number; sealed: number; bad: number }>(
      `select (select count(*)::int from public.log) as inserted,
              (select sum(rows)::int from dbctl.ledger_window) as sealed,
              (select count(*)::int from public.log l where (
                 select count(*) from dbctl.ledger_window w
                 where w.partition_name = l.tableoid::regclass::text or w.partition_name = 'public.' || l.tableoid::regclass::text
                   and l.recorded_xid >= w.lo and l.recorded_xid < w.hi) <> 1) as bad`,
    );
    expect(sums).toEqual({ inserted: committed, sealed: committed, bad: 0 });
    expect(committed).toBeGreaterThan(500);
    expect(made).toBeGreaterThan(3);
  });

  it('verification during the load is never a false alarm', async () => {
    const load = Promise.all(Array.from({ length: 8 }, (_, place) => write(bench, place, { isolation, ms: 2_000 })));
    const said: string[] = [];
    const stop = new AbortController();
    const verifier = (async () => {
      while (!stop.signal.aborted) {
        said.push(...complaints(await bench.verify(FULL)));
        await bench.checkpoint();
      }
    })();
    await load;
    stop.abort();
    await verifier;
    expect(said).toEqual([]);
  });
});
