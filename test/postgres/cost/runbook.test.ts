import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** Every marked SQL block of the runbook, in its order, on the reference project. */
const text = readFileSync(new URL('../../../runbooks/storage-costs-jump.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/<!-- run -->\n```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
let database: TestDatabase;
let client: pg.Client;
let reader: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase({ template: 'migrated' });
  [client, reader] = [new pg.Client({ connectionString: database.url }), new pg.Client({ connectionString: database.url })];
  await Promise.all([client.connect(), reader.connect()]);
  await client.query(`insert into jobs.jobs (name, job_key) select 'grow', n::text from generate_series(1, 500) n`);
  await reader.query('begin isolation level repeatable read; select 1');
  for (let n = 0; n < 10; n += 1) await client.query('update jobs.jobs set updated_at = now()');
  // What this session has not told the statistics yet, analyze takes off its own count.
  await client.query('select pg_stat_force_next_flush()');
});
afterAll(async () => {
  await Promise.all([client.end(), reader.end()]);
  await database.drop();
});

const run = (from: number) => async (): Promise<void> => {
  for (const sql of blocks.slice(from)) await client.query(sql);
};

describe('runbooks/storage-costs-jump.md', () => {
  it('has its statements', () => {
    expect(blocks).toHaveLength(6);
  });

  it('finds the table, and the session that keeps dead rows; vacuum removes none until it has ended', async () => {
    const [table = '', keeps = '', vacuum = ''] = blocks;
    const dead = async (): Promise<number> => {
      await client.query(vacuum);
      const { rows } = await client.query<{ table: string; dead: string }>(table);
      return Number(rows.find((one) => one.table === 'jobs.jobs')?.dead);
    };
    const { rows: me } = await reader.query<{ pid: number }>('select pg_backend_pid() as pid');
    const { rows } = await client.query<{ keeps: string }>(keeps);
    expect(rows.map((one) => one.keeps)).toContain(`session ${me[0]?.pid}`);
    expect(await dead()).toBeGreaterThan(4000);
    await reader.query('rollback');
    expect(await dead()).toBe(0);
  });

  // Rebuilding beside the old index waits for every older transaction, such as that of the reader.
  it('the rest runs', run(3));
});
