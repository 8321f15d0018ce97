import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDone, letLoginsIn, startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';
import { clientTools } from '../../support/tools.ts';
import { sqlBlocks } from '../runbooks/sql-blocks.ts';

/** The rules of the reference project on its own tables, and the SQL of docs/retention.md and runbooks/legal-hold.md. */
let lab: ReferenceLab;
const query = <Row extends object>(sql: string): Promise<Row[]> =>
  lab.as(undefined, async (client) => (await client.query<Row>(sql)).rows);

beforeAll(async () => {
  [lab] = await Promise.all([startReferenceLab(), clientTools()]);
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

/** Rules by what they do, in the order of dbctl.yaml. */
const ARCHIVES = ['audit-log', 'snapshot-events', 'delivery-events'];
const DELETES = [
  'snapshot-event-keys',
  'delivery-event-keys',
  'auth-sessions',
  'idempotency-keys',
  'verification-jobs',
  'jobs',
  'task-runs',
];
const rules = (names: readonly string[]): string[] => names.flatMap((name) => ['--rule', name]);

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
    const found = items.filter(({ id }) => id === 'rule');
    const deleting = found.filter(({ index }) => index !== null);
    expect(found.map(({ object }) => object).filter((name) => !deleting.some(({ object }) => object === name))).toEqual(ARCHIVES);
    expect(deleting.map(({ object, index, indexUsable }) => [object, (index as string).split(',')[0], indexUsable])).toEqual([
      ['snapshot-event-keys', 'snapshot_event_keys_event_key', true],
      ['delivery-event-keys', 'delivery_event_keys_event_key', true],
      ['auth-sessions', 'auth_sessions_expires_at_idx', true],
      ['idempotency-keys', 'idempotency_keys_expires_at_idx', true],
      ['verification-jobs', 'verification_jobs_finished_at_idx', true],
      ['jobs', 'jobs_finished_at_idx', true],
      ['task-runs', 'task_runs_finished_at_idx', true],
      ['proof-blobs', 'proof_artifacts_created_at_idx', true],
    ]);
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

  test('what its lab sessions cost is summed by a login that policies show every row, and refused to one they do not', async () => {
    await query(`
insert into content.labs (id, slug, title, difficulty, estimated_minutes, config) values ('00000000-0000-7000-8000-00000000e202', 'dear-lab', 'dear', 'BEGINNER', 1, '{}');
insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config)
  values ('00000000-0000-7000-8000-00000000e203', '00000000-0000-7000-8000-00000000e202', 1, 1, '{}');
insert into execution.lab_sessions (user_id, lab_version_id) values ('00000000-0000-7000-8000-00000000e001', '00000000-0000-7000-8000-00000000e203');
update execution.lab_sessions set status = 'VERIFIED_PASS', completed_at = started_at where lab_version_id = '00000000-0000-7000-8000-00000000e203'`);
    const costs = async (login?: string) => {
      const { items } = await lab.dbctl(['cost', 'sessions', '--by', 'lab'], login);
      return items.map(({ object, sessions, message }) => [object, sessions, message]);
    };
    const all = await costs();
    expect(all[0]?.[0]).toMatch(/^\d{4}-\d\d lab dear-lab$/);
    // By app.access, which roles.yaml sets for it; no attribute passes a policy.
    expect(await costs('readonly')).toEqual(all);
    await query(`alter role readonly set app.access = 'none'`);
    expect(await costs('readonly')).toEqual([
      ['execution.lab_sessions', undefined, 'policy lab_sessions_select may hide rows of execution.lab_sessions'],
    ]);
    await query(
      `alter role readonly set app.access = 'service'; delete from execution.lab_sessions where lab_version_id = '00000000-0000-7000-8000-00000000e203'`,
    );
  });

  test('and by a superuser whole; then there is nothing to do', async () => {
    expect((await lab.dbctl(['retention', 'run', '--yes', ...rules(DELETES)])).status).toBe(0);
    expect(await counts()).toEqual({ sessions: 29, keys: 5, jobs: 117, runs: 117, queued: 50 });
    const { status, items } = await lab.dbctl(['retention', 'status']);
    expect(status).toBe(0);
    expect(items.map(({ object, rows }) => [object, rows])).toEqual(
      [...ARCHIVES, ...DELETES, 'proof-blobs'].map((name) => [name, 0]),
    );
  });

  test('takes blobs of proofs to cold storage by two logins with the rights of roles.yaml', async () => {
    const artifacts = join(lab.project, '.dbctl', 'artifacts');
    mkdirSync(artifacts, { recursive: true });
    writeFileSync(join(artifacts, 'proof.log'), 'a verdict');
    await query(`
insert into identity.users (id, email, auth_provider) values ('00000000-0000-7000-8000-00000000e101', 'proof@example.org', 'EMAIL');
insert into content.labs (id, slug, title, difficulty, estimated_minutes, config)
  values ('00000000-0000-7000-8000-00000000e102', 'proof-lab', 'proof', 'BEGINNER', 1, '{}');
insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config)
  values ('00000000-0000-7000-8000-00000000e103', '00000000-0000-7000-8000-00000000e102', 1, 1, '{}');
insert into execution.lab_sessions (id, user_id, lab_version_id)
  values ('00000000-0000-7000-8000-00000000e104', '00000000-0000-7000-8000-00000000e101', '00000000-0000-7000-8000-00000000e103');
insert into execution.verification_attempts (id, lab_session_id, commit_sha, result)
  values ('00000000-0000-7000-8000-00000000e105', '00000000-0000-7000-8000-00000000e104', repeat('0', 40), 'PASS');
insert into execution.proof_artifacts (verification_attempt_id, artifact_type, location, sha256, size_bytes, created_at)
  values ('00000000-0000-7000-8000-00000000e105', 'LOG', 'file://${artifacts}/proof.log', encode(sha256('a verdict'), 'hex'), 9, now() - interval '181 days')`);
    const moves = () => lab.dbctl(['retention', 'run', '--yes', '--rule', 'proof-blobs'], 'archiver');
    const copied = await moves();
    expect([copied.status, copied.error]).toEqual([0, null]);
    expect(copied.items).toMatchObject([{ moved: 0, copied: 1, waiting: 1, alarms: 0 }]);
    const own = await lab.dbctl(['retention', 'verify', '--blobs', '--record'], 'archiver');
    expect(own.error).toMatchObject({ code: 'db.denied', message: 'archiver may not record that copies were read back' });
    const read = await lab.dbctl(['retention', 'verify', '--blobs', '--record'], 'archive_verifier');
    expect([read.status, read.summary['recorded']]).toEqual([0, 1]);
    expect((await moves()).items).toMatchObject([{ moved: 1, waiting: 0, alarms: 0 }]);
    expect(readdirSync(artifacts)).toEqual([]);
    await expect(query('delete from execution.proof_artifacts')).rejects.toMatchObject({ code: 'IM001' });
  });

  test('and what the runbook asks of the record is answered', async () => {
    for (const block of sqlBlocks('runbooks/legal-hold.md')) {
      const rows = await query<{ rule: string; removed: string }>(block.sql);
      expect(rows.filter(({ rule }) => rule === 'jobs').map(({ removed }) => Number(removed) > 0)).toContain(true);
    }
  });
});

describe('old partitions leave by the hands of two logins', () => {
  /** First day of the month so many months ago, and the end of a partition's name. */
  const month = (back: number): { readonly from: string; readonly suffix: string } => {
    const now = new Date();
    const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 10);
    return { from, suffix: `y${from.slice(0, 4)}m${from.slice(5, 7)}` };
  };
  const OLD = [
    ['audit.audit_log', 20],
    ['delivery.snapshot_events', 11],
    ['delivery.delivery_events', 10],
  ] as const;
  const names = OLD.map(([table, back]) => `${table}_${month(back).suffix}`);
  const audit = names[0] ?? '';
  const run = (login: string, ...args: string[]) => expectDone(lab, ['retention', ...args], login);
  const messages = ({ items }: Awaited<ReturnType<typeof run>>) => items.map(({ object, message }) => `${object}: ${message}`);
  const archives = () =>
    query<{ partition: string; segment: string; uri: string; removed: boolean }>(
      `select s.partition_name as partition, s.segment, s.uri, exists (select from dbctl.archive_event e where e.segment = s.segment and e.kind = 'removed') as removed
       from dbctl.archive_segment s order by s.exported_at`,
    );
  const count = async (table: string) => (await query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? 0;
  let before: number[];

  test('the archiver makes partitions, and moves old ones to cold storage; nothing goes before the other one has read the copies', async () => {
    await expectDone(lab, ['ledger', 'key', '.dbctl/ledger.key']);
    for (const [table, back] of OLD) {
      const [name = ''] = table.split('.').slice(1);
      const { from, suffix } = month(back);
      await lab.as('archiver', (client) =>
        client.query('select dbctl.create_partition($1, $2, $3, $4)', [
          table,
          `${name}_${suffix}`,
          `${from}Z`,
          `${month(back - 1).from}Z`,
        ]),
      );
    }
    const [a, s, d] = OLD.map(([, back]) => `'${month(back).from}Z'::timestamptz + n * interval '1 minute'`);
    await query(`
insert into audit.audit_log (actor_type, actor_id, action, entity_type, created_at)
  select 'system', 'old', 'test.old.row', 'audit.audit_log', ${a} from generate_series(1, 500) n;
insert into delivery.snapshots (id, size_bytes) values (repeat('e', 64), 0);
insert into delivery.snapshot_event_keys (snapshot_id, event_type, delivery_id, created_at) select repeat('e', 64), 'STORED', 'old-' || n, ${s} from generate_series(1, 50) n;
insert into delivery.snapshot_events (snapshot_id, event_type, delivery_id, created_at) select repeat('e', 64), 'STORED', 'old-' || n, ${s} from generate_series(1, 50) n;
insert into delivery.delivery_event_keys (delivery_id, source, created_at) select 'old-' || n, 'test', ${d} from generate_series(1, 50) n;
insert into delivery.delivery_events (delivery_id, source, event_type, created_at) select 'old-' || n, 'test', 'old', ${d} from generate_series(1, 50) n;`);
    await expectDone(lab, ['ledger', 'checkpoint'], 'ledger');
    before = await Promise.all(OLD.map(([table]) => count(table)));
    expect(messages(await run('archiver', 'run', '--yes', ...rules(ARCHIVES)))).toEqual(
      ARCHIVES.map((name) => `${name}: 1 partition copied`),
    );
    expect(await lab.dbctl(['retention', 'verify', '--record'], 'archiver')).toMatchObject({
      status: 5,
      error: { code: 'refused' },
    });
    expect((await run('archive_verifier', 'verify', '--record')).summary).toMatchObject({ recorded: 3, bad: 0 });
    expect(messages(await run('archiver', 'run', '--yes', ...rules(ARCHIVES)))).toEqual(
      ARCHIVES.map((name) => `${name}: 1 partition removed`),
    );
    const after = await Promise.all(OLD.map(([table]) => count(table)));
    expect(after.map((n, at) => (before[at] ?? 0) - n)).toEqual([500, 50, 50]);
    const sealed = await expectDone(lab, ['ledger', 'verify', '--full'], 'ledger');
    expect(sealed.items.filter(({ id }) => id === 'archived').map(({ object }) => object)).toEqual(names.toSorted());
  });

  test('one comes back for an auditor, stays for its time, and leaves again by its first copy', async () => {
    const segment = (await archives()).find(({ partition }) => partition === audit);
    const id = segment?.uri.split('/').at(-1) ?? '';
    const restore = ['retention', 'restore', id, '--attach', '--reason', 'audit of the year, letter of 9 November', '--yes'];
    expect(await lab.dbctl(restore, 'archive_verifier')).toMatchObject({ status: 3, error: { code: 'db.denied' } });
    const back = await expectDone(lab, restore, 'archiver');
    expect(back.items[0]?.message).toMatch(
      /^every row as it was archived, roots of the ledger as they were sealed; attached until 20/,
    );
    expect(await count('audit.audit_log')).toBe(before[0]);
    const sealed = await expectDone(lab, ['ledger', 'verify', '--full'], 'ledger');
    expect(sealed.items.find(({ id: kind }) => kind === 'returned')).toMatchObject({ object: audit, status: 'pass' });
    const plan = await run('archiver', 'plan', '--rule', 'audit-log');
    expect(plan.items.find(({ object }) => object === audit)?.message).toMatch(/^stays: it came back from its copy, until 20/);
    expect((await run('archiver', 'status', '--rule', 'audit-log')).items).toMatchObject([{ status: 'pass', rows: 0 }]);

    // As if its time were over: by superuser, since nobody else can.
    await query(`begin; alter table dbctl.archive_segment disable trigger user;
      update dbctl.archive_segment set detail = jsonb_set(detail, '{until}', '"2026-01-01T00:00:00Z"') where partition_name = '${audit}' and cold_bytes = 0;
      alter table dbctl.archive_segment enable always trigger dbctl_guard_row, enable always trigger dbctl_guard_statement,
        enable always trigger dbctl_guard_truncate, enable always trigger dbctl_writer; commit`);
    expect(messages(await run('archiver', 'run', '--yes', '--rule', 'audit-log'))).toEqual([
      'audit-log: 1 partition waiting to be read back',
    ]);
    expect((await run('archive_verifier', 'verify', '--record')).items).toMatchObject([{ object: audit, recorded: true }]);
    expect(messages(await run('archiver', 'run', '--yes', '--rule', 'audit-log'))).toEqual(['audit-log: 1 partition removed']);
    expect((await archives()).filter(({ partition }) => partition === audit).map(({ uri, removed }) => [uri, removed])).toEqual([
      [segment?.uri, true],
      [segment?.uri, true],
    ]);
    await expectDone(lab, ['ledger', 'verify', '--full'], 'ledger');
  });

  test('keys of events go when their events have gone; nothing is left to be done about roles', async () => {
    const { items } = await expectDone(lab, ['retention', 'run', '--yes', ...rules(DELETES.slice(0, 2))]);
    expect(items.map(({ object, deleted }) => [object, deleted])).toEqual(DELETES.slice(0, 2).map((name) => [name, 50]));
    const { items: open } = await lab.dbctl(['roles', 'plan']);
    // The role that the second test makes by hand is told, as it should be.
    expect(open.filter(({ object }) => !object.startsWith('retention'))).toEqual([]);
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
