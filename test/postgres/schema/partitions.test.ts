import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { columnOf, refusal, rolledBack, rowsOf, useSchemaDatabase, valueOf, withClients } from './support.ts';
import { PARTITIONED_TABLES } from './tables.ts';

const database = useSchemaDatabase();
const create = 'select shared.create_monthly_partitions($1, months_ahead => $2)::text';
const SNAPSHOT = 'a'.repeat(64);

/** A row of each table, created at $1; returns the partition it went to. */
const INSERTS: Readonly<Record<string, string>> = {
  'audit.audit_log': `insert into audit.audit_log (actor_type, actor_id, action, entity_type, created_at)
    values ('system', 'test', 'test.row.add', 'none', $1) returning tableoid::regclass::text`,
  'delivery.delivery_events': `with key as (insert into delivery.delivery_event_keys values ('d', 'github', $1) returning *)
    insert into delivery.delivery_events (delivery_id, source, event_type, created_at)
    select delivery_id, source, 'push', created_at from key returning tableoid::regclass::text`,
  'delivery.snapshot_events': `with key as (insert into delivery.snapshot_event_keys values ('${SNAPSHOT}', 'STORED', 'd', $1) returning *)
    insert into delivery.snapshot_events (snapshot_id, event_type, delivery_id, created_at)
    select snapshot_id, event_type, delivery_id, created_at from key returning tableoid::regclass::text`,
  'jobs.job_runs': `insert into jobs.job_runs (job_id, attempt, created_at) values (md5('job')::uuid, 1, $1) returning tableoid::regclass::text`,
};

beforeAll(() =>
  database.client.query(`insert into delivery.snapshots (id, size_bytes) values ('${SNAPSHOT}', 1);
                         insert into jobs.jobs (id, name, job_key) values (md5('job')::uuid, 'job', 'key')`),
);

const partitionFor = (table: string, time: string): Promise<string> =>
  rolledBack(database.client, () => valueOf<string>(database.client, INSERTS[table] ?? '', [time]));

interface Month {
  /** Its first moment. */
  readonly first: string;
  /** How the name of its partition ends. */
  readonly suffix: string;
}

/** Months by their distance from now. */
const months = (...steps: readonly number[]): Promise<Month[]> =>
  rowsOf<Month>(
    database.client,
    `select first || '+00' as first, to_char(first, '"_y"YYYY"m"MM') as suffix
     from unnest($1::integer[]) with ordinality as step (months, n)
     cross join lateral (select date_trunc('month', now() at time zone 'UTC') + make_interval(months => step.months)) as month (first)
     order by step.n`,
    [steps],
  );

const month = async (step: number): Promise<Month> => (await months(step))[0] ?? { first: '', suffix: '' };
const namesOf = async (table: string, ...steps: readonly number[]) =>
  (await months(...steps)).map(({ suffix }) => table + suffix);

describe.each(PARTITIONED_TABLES)('%s', (table) => {
  it.each([-1, 0, 1, 3])('puts a row of month %i into the partition of that month, from its first moment', async (step) => {
    const { first, suffix } = await month(step);
    const { suffix: before } = await month(step - 1);
    expect(await partitionFor(table, first)).toBe(`${table}${suffix}`);
    const last = await valueOf<string>(database.client, `select ($1::timestamptz - interval '1 microsecond')::text`, [first]);
    expect(await partitionFor(table, last)).toBe(step === -1 ? `${table}_default` : `${table}${before}`);
  });

  it.each(['2999-01-01 00:00:00+00', '1999-01-01 00:00:00+00', 'infinity', '-infinity'])(
    'puts a row of %s into the default',
    async (time) => {
      expect(await partitionFor(table, time)).toBe(`${table}_default`);
    },
  );

  it('has whole months in UTC and no hole between them', async () => {
    const rows = await rowsOf(
      database.client,
      `select bool_and(lower_bound = date_trunc('month', lower_bound, 'UTC')) as starts,
              bool_and(upper_bound = date_add(lower_bound, interval '1 month', 'UTC')) as ends,
              max(upper_bound) = date_add(min(lower_bound), make_interval(months => count(*)::integer), 'UTC') as whole,
              count(*)::integer as months
       from shared.partition_bounds($1)`,
      [table],
    );
    expect(rows).toEqual([{ starts: true, ends: true, whole: true, months: 5 }]);
  });
});

describe('create_monthly_partitions', () => {
  const run = (client: pg.Client, table: string, ahead: number) => columnOf<string>(client, create, [table, ahead]);

  it('adds what is missing, and nothing the second time', async () => {
    const names = await namesOf('jobs.job_runs', 4, 5);
    expect(await run(database.client, 'jobs.job_runs', 3)).toEqual([]);
    expect(await run(database.client, 'jobs.job_runs', 5)).toEqual(names);
    expect(await run(database.client, 'jobs.job_runs', 5)).toEqual([]);
  });

  it('gives a new partition all that its parent has: identity, indexes, trigger, constraints', async () => {
    const { first, suffix } = await month(6);
    await run(database.client, 'jobs.job_runs', 6);
    expect(await partitionFor('jobs.job_runs', first)).toBe(`jobs.job_runs${suffix}`);
    const count = `select (select count(*) from pg_catalog.pg_index where indrelid = t.oid)::int as indexes,
                          (select count(*) from pg_catalog.pg_constraint where conrelid = t.oid)::int as constraints,
                          (select count(*) from pg_catalog.pg_trigger where tgrelid = t.oid and not tgisinternal)::int as triggers
                   from (select $1::regclass) as t (oid)`;
    const [parent] = await rowsOf(database.client, count, ['jobs.job_runs']);
    expect(await rowsOf(database.client, count, [`jobs.job_runs${suffix}`])).toEqual([parent]);
    expect(parent).toMatchObject({ indexes: 3, triggers: 1 });
  });

  // 55P03 is the two seconds it waits for a lock, after which it says to run again: no failure on a loaded machine.
  const patient = async (client: pg.Client): Promise<string[]> => {
    try {
      return await run(client, 'audit.audit_log', 7);
    } catch (thrown) {
      if ((thrown as pg.DatabaseError).code !== '55P03') throw thrown;
      return patient(client);
    }
  };

  it('makes each partition once when eight run at once', async () => {
    const made = await withClients(database.url, 8, (clients) => Promise.all(clients.map(patient)));
    expect(made.flat().sort()).toEqual(await namesOf('audit.audit_log', 4, 5, 6, 7));
  });

  it.each(['Pacific/Kiritimati', 'America/Los_Angeles', 'Asia/Kathmandu'])(
    'makes UTC months in a session in %s',
    async (zone) => {
      const table = 'delivery.delivery_events';
      const bounds = `select extract(epoch from lower_bound)::bigint::text from shared.partition_bounds('${table}')`;
      const seconds = await rolledBack(database.client, async () => {
        await database.client.query(`set local timezone = '${zone}'; set local datestyle = 'SQL, DMY'`);
        expect(await run(database.client, table, 5)).toEqual(await namesOf(table, 4, 5));
        return columnOf<string>(database.client, bounds);
      });
      const firsts = await months(-1, 0, 1, 2, 3, 4, 5);
      expect(seconds).toEqual(firsts.map(({ first }) => String(Date.parse(first.replace('+00', 'Z')) / 1000)));
    },
  );

  it('refuses a month of which the default partition holds rows, and leaves nothing behind', async () => {
    const { first, suffix } = await month(9);
    const ends = await rolledBack(database.client, async () => {
      await database.client.query(INSERTS['audit.audit_log'] ?? '', [first]);
      const refused = await refusal(database.client, create, ['audit.audit_log', 9]);
      return [refused, await valueOf(database.client, 'select to_regclass($1)', [`audit.audit_log${suffix}`])];
    });
    expect(ends).toEqual(['23514', null]);
  });

  it('refuses a table without partitions', async () => {
    await expect(run(database.client, 'jobs.jobs', 3)).rejects.toThrow('jobs.jobs is not a partitioned table');
  });
});
