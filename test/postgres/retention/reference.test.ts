import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDone, letLoginsIn, startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';

/** The rules of the reference project on its own tables, and the SQL of docs/retention.md and runbooks/legal-hold.md. */
let lab: ReferenceLab;
const query = <Row extends object>(sql: string): Promise<Row[]> =>
  lab.as(undefined, async (client) => (await client.query<Row>(sql)).rows);

beforeAll(async () => {
  lab = await startReferenceLab();
  await query('create role retention login; grant connect on database lab to retention');
  await letLoginsIn(lab);
  await query(`
insert into identity.users (id, email, auth_provider) values ('00000000-0000-7000-8000-00000000e001', 'old@example.org', 'EMAIL');
insert into identity.auth_sessions (user_id, token_hash, expires_at, created_at)
  select '00000000-0000-7000-8000-00000000e001', decode(lpad(to_hex(n), 64, '0'), 'hex'), now() - n * interval '1 day', now() - interval '1 year'
  from generate_series(1, 60) n;
insert into delivery.idempotency_keys (scope, key, request_hash, created_at, expires_at)
  select 'e', n::text, repeat('0', 64), now() - interval '2 days', now() - n * interval '10 minutes' from generate_series(1, 12) n;
insert into jobs.jobs (name, job_key, state, finished_at)
  select 'old-job', n::text, (array['completed', 'failed', 'cancelled', 'queued'])[1 + n % 4]::jobs.run_state,
         case when n % 4 < 3 then now() - n * interval '1 day' end
  from generate_series(1, 200) n;
insert into jobs.job_runs (job_id, attempt) select id, 1 from jobs.jobs where name = 'old-job';
analyze`);
});
afterAll(() => lab.stop());

/** How many of a table, without those of the seed. */
const counts = async (): Promise<Record<string, number>> => {
  const [row] = await query<Record<string, number>>(`
select (select count(*)::int from identity.auth_sessions where user_id = '00000000-0000-7000-8000-00000000e001') as sessions,
       (select count(*)::int from delivery.idempotency_keys where scope = 'e') as keys,
       (select count(*)::int from jobs.jobs where name = 'old-job') as jobs,
       (select count(*)::int from jobs.job_runs r join jobs.jobs j on j.id = r.job_id where j.name = 'old-job') as runs,
       (select count(*)::int from jobs.jobs where name = 'old-job' and state = 'queued') as queued`);
  return row ?? {};
};

describe('the reference project', () => {
  test('has an index for each of its rules, made by its migrations', async () => {
    const { items, status } = await lab.dbctl(['retention', 'plan']);
    expect(status).toBe(0);
    expect(items.filter(({ id }) => id === 'rule').map(({ object, index, indexUsable }) => [object, index, indexUsable])).toEqual(
      [
        ['auth-sessions', 'auth_sessions_expires_at_idx', true],
        ['idempotency-keys', 'idempotency_keys_expires_at_idx', true],
        ['verification-jobs', 'verification_jobs_finished_at_idx', true],
        ['jobs', 'jobs_finished_at_idx', true],
        ['task-runs', 'task_runs_finished_at_idx', true],
      ],
    );
    expect(items.filter(({ id }) => ['no-index', 'unindexed-reference', 'referenced'].includes(id))).toEqual([]);
  });

  test('is cleaned up by a role with the rights of docs/retention.md, where row-level security hides nothing', async () => {
    for (const block of sqlBlocks('docs/retention.md')) await query(block.sql);
    const jobs = await lab.dbctl(['retention', 'run', '--yes', '--rule', 'jobs'], 'retention');
    expect(jobs.status, jobs.stdout).toBe(0);
    // 90 to 200 days: 111 numbers, of which 28 are queued.
    expect(await counts()).toMatchObject({ jobs: 117, runs: 117, queued: 50 });
    const hidden = await lab.dbctl(['retention', 'run', '--yes', '--rule', 'auth-sessions'], 'retention');
    expect(hidden.status).toBe(1);
    expect(hidden.items).toMatchObject([
      {
        state: 'unfit',
        message: 'could not begin: retention may not remove rows of it, and row-level security hides rows from it',
        fix: [
          'grant usage on schema "identity" to "retention";',
          'grant select, delete, update ("expires_at") on table "identity"."auth_sessions" to "retention";',
          'alter role "retention" bypassrls;',
        ].join('\n'),
      },
    ]);
    for (const grant of String(hidden.items[0]?.fix).split('\n')) await query(grant);
    expect((await lab.dbctl(['retention', 'run', '--yes', '--rule', 'auth-sessions'], 'retention')).status).toBe(0);
    expect(await counts()).toMatchObject({ sessions: 29 });
  });

  test('and by a superuser whole; then there is nothing to do', async () => {
    expect((await lab.dbctl(['retention', 'run', '--yes'])).status).toBe(0);
    expect(await counts()).toEqual({ sessions: 29, keys: 5, jobs: 117, runs: 117, queued: 50 });
    const { status, items } = await lab.dbctl(['retention', 'status']);
    expect(status).toBe(0);
    expect(items.map(({ rows }) => rows)).toEqual([0, 0, 0, 0, 0]);
  });

  test('and what the runbook asks of the record is answered', async () => {
    for (const block of sqlBlocks('runbooks/legal-hold.md')) {
      const rows = await query<{ rule: string; removed: string }>(block.sql);
      expect(rows.filter(({ rule }) => rule === 'jobs').map(({ removed }) => Number(removed) > 0)).toContain(true);
    }
  });
});

/** The code of docs/erasure.md. */
interface Sealing {
  seal(keys: pg.Client, subject: string, personal: object): Promise<{ readonly subject: string; readonly sealed: string }>;
  open(keys: pg.Client, sealed: { readonly subject: string; readonly sealed: string }): Promise<unknown>;
}

describe('a person is erased, by docs/erasure.md', () => {
  const [ANN, BOB] = ['0199a1b2-0000-7000-8000-000000000001', '0199a1b2-0000-7000-8000-000000000002'];
  const blocks = sqlBlocks('docs/erasure.md');
  const clients: pg.Client[] = [];
  const keysAs = async (login?: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: lab.url(login, 'keys') });
    clients.push(client);
    await client.connect();
    return client;
  };
  afterAll(() => Promise.all(clients.map((client) => client.end())));
  let keys: pg.Client;
  let app: pg.Client;
  let code: Sealing;
  const run = async (some: typeof blocks): Promise<object[]> => {
    const rows: object[] = [];
    const on = (client: pg.Client, sql: string) => client.query<object>(sql);
    for (const { as, sql } of some) {
      const results = [as === 'keys' ? await on(keys, sql) : await lab.as(undefined, (client) => on(client, sql))].flat();
      rows.push(...results.flatMap((one) => one.rows));
    }
    return rows;
  };
  const personal = async (of = 'lab') => {
    const client = new pg.Client({ connectionString: lab.url(undefined, of) });
    await client.connect();
    const { rows } = await client.query<{ subject: string; sealed: string; partition: string }>(
      `select metadata -> 'personal' ->> 'subject' as subject, metadata -> 'personal' ->> 'sealed' as sealed, tableoid::regclass::text as partition
       from audit.audit_log where metadata ? 'personal' order by 1`,
    );
    await client.end();
    return rows;
  };

  test('what is sealed is read by who may ask for its key, and nobody takes it for that of another', async () => {
    await expectDone(lab, ['ledger', 'key', '.dbctl/ledger.key']);
    await query('create database keys');
    keys = await keysAs();
    await run(blocks.slice(0, 2));
    await letLoginsIn(lab);
    app = await keysAs('key_user');
    const [, text = ''] =
      /^```js\n([^]*?)^```$/m.exec(readFileSync(new URL('../../../docs/erasure.md', import.meta.url), 'utf8')) ?? [];
    writeFileSync(join(lab.project, 'sealing.mjs'), text);
    code = (await import(pathToFileURL(join(lab.project, 'sealing.mjs')).href)) as Sealing;
    for (const [id, name] of [
      [ANN, 'ann'],
      [BOB, 'bob'],
    ] as const) {
      await query(`insert into identity.users (id, email, display_name, auth_provider) values ('${id}', '${name}@example.org', '${name}', 'EMAIL');
        insert into identity.auth_sessions (user_id, token_hash, expires_at) values ('${id}', sha256('${name}'), now() + interval '1 day')`);
      const sealed = await code.seal(app, id, { name, ip: '203.0.113.7' });
      await query(`insert into audit.audit_log (actor_type, actor_id, action, entity_type, metadata)
        values ('user', '${id}', 'identity.session.started', 'identity.auth_sessions', '${JSON.stringify({ personal: sealed })}')`);
    }
    const [ann, bob] = await personal();
    expect([await code.open(app, ann!), await code.open(app, bob!)]).toMatchObject([{ name: 'ann' }, { name: 'bob' }]);
    await expect(code.open(app, { ...bob!, subject: ANN })).rejects.toThrow(/authenticate/);
    await expect(
      code.open(app, { ...bob!, sealed: bob!.sealed.replace(/^./, (at) => (at === 'A' ? 'B' : 'A')) }),
    ).rejects.toThrow(/authenticate/);
    const eraser = await keysAs('key_eraser');
    for (const [client, sql] of [
      [app, 'select key from privacy.subject_key'],
      [app, `select privacy.destroy_key('${BOB}', 'x')`],
      [eraser, `select privacy.key_of('${BOB}')`],
      [eraser, 'select key from privacy.subject_key'],
    ] as const)
      await expect(client.query(sql), sql).rejects.toMatchObject({ code: '42501' });
  });

  test('the others stay readable, and every proof is what it was; a backup from before brings back the account alone', async () => {
    const [row] = await personal();
    await expectDone(lab, ['ledger', 'checkpoint'], 'ledger');
    await expectDone(lab, ['backup', 'create']);
    await expectDone(lab, ['retention', 'export', String(row?.partition)], 'archiver');
    expect(await run(blocks.slice(2))).toMatchObject([{ destroy_key: expect.any(Date) as Date }]);

    const [ann, bob] = await personal();
    await expect(code.open(app, ann!)).rejects.toThrow(`there is no key of ${ANN}`);
    await expect(code.seal(app, ANN, { name: 'again' })).rejects.toThrow(`there is no key of ${ANN}`);
    expect(await code.open(app, bob!)).toMatchObject({ name: 'bob' });
    expect(await query(`select email, display_name from identity.users where id in ('${ANN}', '${BOB}') order by id`)).toEqual([
      { email: `${ANN}@erased.invalid`, display_name: null },
      { email: 'bob@example.org', display_name: 'bob' },
    ]);
    expect(await query(`select user_id from identity.auth_sessions where user_id in ('${ANN}', '${BOB}')`)).toEqual([
      { user_id: BOB },
    ]);
    await expectDone(lab, ['ledger', 'verify', '--full'], 'ledger');
    await expectDone(lab, ['retention', 'verify']);

    await query(
      `create database back template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'`,
    );
    const restored = await lab.dbctl(['restore', '--yes'], undefined, { env: { DATABASE_URL: lab.url(undefined, 'back') } });
    expect(restored.status, restored.stdout).toBe(0);
    const before = await personal('back');
    expect(before.map(({ sealed }) => sealed)).toEqual([ann?.sealed, bob?.sealed]);
    await expect(code.open(app, before[0]!)).rejects.toThrow(`there is no key of ${ANN}`);
    expect(await code.open(app, before[1]!)).toMatchObject({ name: 'bob' });
    const back = new pg.Client({ connectionString: lab.url(undefined, 'back') });
    await back.connect();
    const account = await back.query(`select email from identity.users where id = '${ANN}'`);
    await back.end();
    // As the page says: it is erased once more after a restore.
    expect(account.rows).toEqual([{ email: 'ann@example.org' }]);
  });
});
