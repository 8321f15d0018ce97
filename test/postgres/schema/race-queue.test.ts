import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { race } from './race.ts';
import { columnOf, rolledBack, rowsOf, useSchemaDatabase, valueOf, withClients } from './support.ts';

const database = useSchemaDatabase();
const ENQUEUE = `select execution.enqueue_verification(s.id, $1) from execution.lab_sessions s`;
const CLAIM = 'select id::integer from execution.claim_verification_jobs($1, $2) order by id';
const COMMITS = 40;

beforeAll(() =>
  database.client.query(`
    insert into identity.users (email) values ('lin@example.test');
    insert into content.labs (slug, title, difficulty, estimated_minutes) values ('lab', 'Lab', 'BEGINNER', 30);
    insert into content.lab_versions (lab_id, version_number, estimated_minutes, config) select id, 1, 30, '{}' from content.labs;
    insert into execution.lab_sessions (user_id, lab_version_id) select u.id, v.id from identity.users u, content.lab_versions v`),
);
beforeEach(() => database.client.query('truncate execution.verification_jobs restart identity'));

const sha = (n: number) => n.toString(16).padStart(40, '0');
const fill = (count: number) =>
  database.client.query(
    `insert into execution.verification_jobs (lab_session_id, commit_sha, run_at)
     select s.id, lpad(to_hex(n), 40, '0'), now() - make_interval(mins => n) from execution.lab_sessions s, generate_series(1, $1) as n`,
    [count],
  );

describe('enqueue_verification', () => {
  it('queues each commit once, though eight ask at once', async () => {
    const made = await race(database.url, async (client) => {
      const ids: (string | null)[] = [];
      for (let n = 0; n < COMMITS; n += 1) ids.push(await valueOf<string | null>(client, ENQUEUE, [sha(n)]));
      return ids;
    });
    for (let n = 0; n < COMMITS; n += 1) expect(made.filter((ids) => ids[n] !== null)).toHaveLength(1);
    expect(await valueOf(database.client, 'select count(*)::integer from execution.verification_jobs')).toBe(COMMITS);
  });

  it('queues with the transaction that asks, and not at all when that rolls back', async () => {
    await rolledBack(database.client, async () => {
      expect(await valueOf(database.client, ENQUEUE, [sha(1)])).toBe('1');
    });
    expect(await columnOf(database.client, CLAIM, ['worker', 10])).toEqual([]);
  });

  it.each([
    ['queued', '', false],
    ['running', `update execution.verification_jobs set state = 'running', locked_by = 'w', lease_until = now()`, false],
    ['succeeded', `update execution.verification_jobs set state = 'succeeded', finished_at = now()`, true],
    ['dead', `update execution.verification_jobs set state = 'dead', finished_at = now()`, true],
  ])('asked again for a commit that is %s%.0s, queues it: %s', async (_state, change, expected) => {
    await fill(1);
    if (change !== '') await database.client.query(change);
    const again = await valueOf<string | null>(database.client, ENQUEUE, [sha(1)]);
    expect(again !== null).toBe(expected);
    expect(await valueOf(database.client, 'select count(*)::integer from execution.verification_jobs')).toBe(expected ? 2 : 1);
  });

  it.each(['', 'HEAD', 'A'.repeat(40), 'a'.repeat(41), 'a'.repeat(63)])('refuses what is no commit: "%s"', async (commit) => {
    await expect(database.client.query(ENQUEUE, [commit])).rejects.toMatchObject({
      constraint: 'verification_jobs_commit_sha_check',
    });
  });
});

describe('claim_verification_jobs', () => {
  it('hands each of 200 jobs to one of eight workers', async () => {
    await fill(200);
    const claimed = await race(database.url, async (client, lane) => {
      const ids: number[] = [];
      for (;;) {
        const batch = await columnOf<number>(client, CLAIM, [`worker-${lane}`, 7]);
        if (batch.length === 0) return ids;
        ids.push(...batch);
      }
    });
    expect(claimed.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    const held = await rowsOf<{ lane: number; ids: number[] }>(
      database.client,
      `select substr(locked_by, 8)::integer as lane, array_agg(id::integer order by id) as ids from execution.verification_jobs
       where state = 'running' and attempts = 1 and lease_until > now() group by 1`,
    );
    for (const { lane, ids } of held) expect(claimed[lane]?.sort((a, b) => a - b)).toEqual(ids);
    expect(held.flatMap(({ ids }) => ids)).toHaveLength(200);
  });

  it('skips what another holds in an open transaction, without waiting for it', async () => {
    await fill(12);
    await withClients(database.url, 2, async ([first, second]) => {
      if (first === undefined || second === undefined) throw new Error('two connections are needed');
      await first.query('begin');
      const mine = await columnOf<number>(first, CLAIM, ['first', 5]);
      await second.query(`set lock_timeout = '1s'`);
      const theirs = await columnOf<number>(second, CLAIM, ['second', 100]);
      expect([mine, theirs]).toEqual([
        [8, 9, 10, 11, 12],
        [1, 2, 3, 4, 5, 6, 7],
      ]);
      await first.query('rollback');
      expect(await columnOf<number>(second, CLAIM, ['second', 100])).toEqual(mine);
    });
  });

  it('takes the longest due first, none before its time, and none that is over', async () => {
    await fill(5);
    await database.client.query(`update execution.verification_jobs set run_at = now() + interval '1 hour' where id = 5`);
    await database.client.query(`update execution.verification_jobs set state = 'dead', finished_at = now() where id = 4`);
    expect(await columnOf(database.client, CLAIM, ['worker', 2])).toEqual([2, 3]);
    expect(await columnOf(database.client, CLAIM, ['worker', 10])).toEqual([1]);
  });
});
