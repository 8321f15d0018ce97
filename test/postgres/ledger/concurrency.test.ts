import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
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

const DAYS = /* sql */ `
create table public.log (
  id uuid not null default uuidv7(),
  at timestamptz not null,
  what text not null,
  recorded_xid xid8 not null default pg_current_xact_id(),
  primary key (id, at)
) partition by range (at);
create index log_recorded_xid_idx on public.log (recorded_xid);
create table public.log_default partition of public.log default;`;

const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);

/** One transaction, as whoever keeps partitions writes it: a verification that reads a partition before its parent can deadlock with a detach. */
async function triedAgain<T>(client: Client, work: () => Promise<T>, tries = 10): Promise<T> {
  await client.query('begin');
  try {
    const done = await work();
    await client.query('commit');
    return done;
  } catch (thrown) {
    await client.query('rollback');
    if ((thrown as { code?: string }).code !== '40P01' || tries === 1) throw thrown;
    return triedAgain(client, work, tries - 1);
  }
}

describe.each(['read committed', 'repeatable read', 'serializable'])('while partitions come and go, at %s', (isolation) => {
  const bench = ledgerBench(DAYS);
  const record = (kind: string, partition: string) =>
    `insert into dbctl.ledger_event (kind, table_name, partition_name, reference, reason) values ('${kind}', 'public.log', 'public.${partition}', 'a test', 'rotation')`;

  it('every row is sealed once, and verification says archived and held, and never tampered', async () => {
    const stop = new AbortController();
    let today = 2;
    const upkeep = await bench.connect();
    const make = (n: number) =>
      triedAgain(upkeep, () =>
        upkeep.query(
          `create table public.log_${n} (like public.log including all); alter table public.log attach partition public.log_${n} for values from ('${day(n)}') to ('${day(n + 1)}')`,
        ),
      );
    for (const n of [0, 1, 2]) await make(n);
    await bench.session((session) => session.script(record('held', 'log_1')));
    const writers = Array.from({ length: 12 }, async (_, place) => {
      const client = await bench.connect();
      let committed = 0;
      for (let round = 0; !stop.signal.aborted; round += 1) {
        try {
          await client.query(`begin isolation level ${isolation}`);
          await client.query('insert into public.log (what, at) values ($1, $2)', [`w${place}`, day(today - (round % 2))]);
          if (place % 4 === 0) await sleep(10 + ((place * 37 + round * 13) % 100));
          await client.query(round % 7 === 6 ? 'rollback' : 'commit');
          if (round % 7 !== 6) committed += 1;
        } catch (thrown) {
          await client.query('rollback').catch(() => {});
          if (!['40001', '40P01'].includes((thrown as { code?: string }).code ?? '')) throw thrown;
        }
      }
      await client.end();
      return committed;
    });
    const said: string[] = [];
    const looking = (async () => {
      while (!stop.signal.aborted) {
        await bench.checkpoint({ sinks: [] });
        said.push(...complaints(await bench.verify()));
      }
    })();
    let archived = 0;
    for (let rotation = 0; rotation < 6; rotation += 1) {
      await sleep(350);
      await make(today + 1);
      today += 1;
      // Nobody writes to the day before yesterday; once all of it is sealed it may leave. The one under hold stays.
      const old = today - 3;
      if (old === 1) continue;
      await expect
        .poll(
          async () =>
            (
              await bench.rows<{ open: number }>(
                `select count(*)::int as open from public.log_${old} where recorded_xid >= (select max(hi) from dbctl.ledger_checkpoint)`,
              )
            )[0]?.open,
          { timeout: 10_000 },
        )
        .toBe(0);
      await sleep(50);
      archived += await triedAgain(upkeep, async () => {
        const { rows } = await upkeep.query<{ rows: number }>(`select count(*)::int as rows from public.log_${old}`);
        await upkeep.query(record('archived', `log_${old}`));
        await upkeep.query(`alter table public.log detach partition public.log_${old}`);
        await upkeep.query(`drop table public.log_${old}`);
        return rows[0]?.rows ?? 0;
      });
    }
    stop.abort();
    const committed = (await Promise.all(writers)).reduce((sum, one) => sum + one, 0);
    await looking;
    await bench.checkpoint();
    said.push(...complaints(await bench.verify()));
    const kinds = [...new Set(said.map((text) => text.split(':')[0]?.replace(/\d+/, 'N') ?? ''))].toSorted();
    expect(kinds).toEqual(['archived public.log_N', 'held public.log_N', 'unpublished one', 'unpublished two']);
    const [sums] = await bench.rows<{ here: number; sealed: number }>(
      'select (select count(*)::int from public.log) as here, (select sum(rows)::int from dbctl.ledger_window) as sealed',
    );
    expect(archived).toBeGreaterThan(20);
    expect({ kept: (sums?.here ?? 0) + archived, sealed: sums?.sealed }).toEqual({ kept: committed, sealed: committed });
  });
});
