import { describe, expect, it } from 'vitest';
import { EVENT_TRIGGERS } from '../../../src/ops/schema/immutability/index.ts';
import { guardBench, referenceSettings } from './support.ts';

const bench = guardBench();

interface Trigger {
  name: string;
  enabled: string;
  bits: number;
  runs: string;
}

const triggersOf = (relation: string) =>
  bench.rows<Trigger>(
    `select t.tgname as name, t.tgenabled as enabled, t.tgtype::int as bits, t.tgfoid::regproc::text as runs
     from pg_trigger t where t.tgrelid = $1::regclass and not t.tgisinternal or t.tgrelid = $1::regclass and t.tgparentid <> 0 order by 1`,
    [relation],
  );

const row = (name: string): Trigger => ({ name, enabled: 'A', bits: 27, runs: 'dbctl.refuse_row_change' });
const GUARDS: readonly Trigger[] = [
  row('dbctl_guard_row'),
  { name: 'dbctl_guard_statement', enabled: 'A', bits: 26, runs: 'dbctl.refuse_row_change' },
  { name: 'dbctl_guard_truncate', enabled: 'A', bits: 34, runs: 'dbctl.refuse_truncate' },
];

/** What definitions are written with: none of it may look like drift, or refuse a harmless command. */
const SETTINGS = [
  `timezone = 'Asia/Tokyo'`,
  `datestyle = 'German'`,
  'quote_all_identifiers = on',
  `intervalstyle = 'iso_8601'`,
  'extra_float_digits = 0',
];

describe('immutability install on the reference project', () => {
  it('guards every table and partition, and finds nothing to do the second time', async () => {
    const settings = await referenceSettings();
    const result = await bench.install(settings);
    expect(result.refusals).toEqual([]);
    expect(result.drift).toEqual([]);
    expect(result.missing).toEqual([]);
    expect(result.steps.filter(({ id }) => id === 'table').map(({ object }) => object)).toEqual([
      'audit.audit_log',
      'execution.verification_attempts',
      'execution.proof_artifacts',
      'content.lesson_versions',
      'content.lab_versions',
      'delivery.snapshot_events',
      'delivery.delivery_events',
    ]);
    const again = await bench.install(settings);
    expect(again.steps).toEqual([]);
    expect(again.drift).toEqual([]);
  });

  it('says which roles are not there yet, and lets them call what is theirs once they are', async () => {
    const settings = {
      ...(await referenceSettings()),
      archivers: ['t_install_archiver'],
      partitionCreators: [],
      archiveVerifiers: [],
    };
    const before = await bench.install(settings);
    expect(before.absent).toEqual(['t_install_archiver']);
    await bench.rows('create role t_install_archiver');
    const after = await bench.install(settings);
    expect(after.absent).toEqual([]);
    expect(after.steps.map(({ id }) => id)).toContain('grant');
    expect(new Set(after.steps.map(({ id }) => id))).toEqual(new Set(['grant']));
    expect((await bench.install(settings)).steps).toEqual([]);
    await bench.rows('drop owned by t_install_archiver; drop role t_install_archiver');
  });

  it('puts three guards on a table, and one more on each partition', async () => {
    expect(await triggersOf('audit.audit_log')).toEqual(GUARDS);
    expect(await triggersOf('content.lab_versions')).toEqual(GUARDS);
    const partitions = await bench.rows<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.audit_log'::regclass order by 1`,
    );
    expect(partitions.length).toBeGreaterThan(4);
    for (const { name } of partitions) expect(await triggersOf(name)).toEqual([row('dbctl_guard_partition_row'), ...GUARDS]);
  });

  it('gives the tables to a role nobody can become, which may not change rows either', async () => {
    const owners = await bench.rows(
      `select distinct pg_get_userbyid(c.relowner)::text as owner, r.rolcanlogin as login,
              exists (select from pg_auth_members m where m.roleid = c.relowner) as members
       from dbctl.protected_relation p join pg_class c on c.oid = p.relation join pg_roles r on r.oid = c.relowner`,
    );
    expect(owners).toEqual([{ owner: 'dbctl_protected', login: false, members: false }]);
    const own = await bench.rows<{ held: string }>(
      `select distinct g.privilege_type as held
       from dbctl.protected_relation p join pg_class c on c.oid = p.relation, aclexplode(c.relacl) g
       where g.grantee = c.relowner order by 1`,
    );
    expect(own.map(({ held }) => held)).toEqual(['INSERT', 'MAINTAIN', 'REFERENCES', 'SELECT', 'TRIGGER']);
  });

  it('makes the event triggers, always enabled', async () => {
    const found = await bench.rows<{ name: string; enabled: string }>(
      'select evtname as name, evtenabled as enabled from pg_event_trigger order by 1',
    );
    expect(found).toEqual(EVENT_TRIGGERS.map(({ name }) => ({ name, enabled: 'A' })));
  });

  const OTHER_OWNERS: Readonly<Record<string, string>> = {
    create_partition: 'dbctl_protected',
    fence_partition: 'dbctl_protected',
    unfence_partition: 'dbctl_protected',
    remove_partition: 'dbctl_protected',
    return_partition: 'dbctl_protected',
    require_no_hold: 'dbctl_protected',
    password_kinds: 'dbctl_owner',
  };
  it('owns guards by a role nobody can become, with a search path of their own', async () => {
    const functions = await bench.rows<{ name: string; owner: string; path: string }>(
      `select p.proname as name, pg_get_userbyid(p.proowner)::text as owner, p.proconfig[1] as path
       from pg_proc p where p.pronamespace = 'dbctl'::regnamespace order by 1`,
    );
    expect(functions.length).toBeGreaterThan(20);
    for (const { name, owner, path } of functions) {
      expect({ name, owner, path }).toEqual({
        name,
        owner: OTHER_OWNERS[name] ?? 'dbctl_guard',
        path: 'search_path=pg_catalog, pg_temp',
      });
    }
    expect(await bench.rows(`select nspowner::regrole::text as owner from pg_namespace where nspname = 'dbctl'`)).toEqual([
      { owner: 'dbctl_guard' },
    ]);
  });

  it.each(SETTINGS)('finds no drift in a session with %s', async (setting) => {
    await bench.rows(`alter database "${bench.database.name}" set ${setting}`);
    try {
      const result = await bench.install(await referenceSettings());
      expect(result.drift).toEqual([]);
      expect(result.steps).toEqual([]);
      const other = await bench.connectAs('postgres', new URL(bench.database.url).password);
      await other.query('alter table audit.audit_log_default set (autovacuum_enabled = true)');
    } finally {
      await bench.rows(`alter database "${bench.database.name}" reset all`);
    }
  });

  it('lets inserts through, and foreign keys check rows both ways', async () => {
    await bench.client.query('begin');
    try {
      await bench.client.query(`
        insert into identity.users (id, email, auth_provider) values ('00000000-0000-7000-8000-000000000001', 'a@example.org', 'EMAIL');
        insert into content.labs (id, slug, title, difficulty, estimated_minutes, config)
        values ('00000000-0000-7000-8000-000000000002', 'a', 'a', 'BEGINNER', 1, '{}');
        insert into content.lab_versions (id, lab_id, version_number, estimated_minutes, config)
        values ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 1, 1, '{}');
        insert into execution.lab_sessions (id, user_id, lab_version_id)
        values ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000003');
        insert into content.labs (slug, title, difficulty, estimated_minutes, config) values ('b', 'b', 'BEGINNER', 1, '{}');
        delete from content.labs where slug = 'b';
        savepoint before`);
      await expect(
        bench.client.query(`insert into execution.lab_sessions (user_id, lab_version_id)
          values ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-0000000000ff')`),
      ).rejects.toMatchObject({ code: '23503' });
      await bench.client.query('rollback to savepoint before');
      await expect(bench.client.query(`delete from content.labs where slug = 'a'`)).rejects.toMatchObject({ code: '23503' });
    } finally {
      await bench.client.query('rollback');
    }
  });

  it.each([
    [
      'update audit.audit_log set reason_code = null where false',
      'IM001 UPDATE of audit.audit_log is refused: the table is append-only',
    ],
    ['delete from only content.lab_versions', 'IM001 DELETE of content.lab_versions is refused: the table is append-only'],
    [
      `insert into audit.audit_log (actor_type, actor_id, action, entity_type) values ('system', 'x', 'a.b', 'c')
       on conflict (id, created_at) do update set reason_code = 'x'`,
      'IM001 UPDATE of audit.audit_log is refused: the table is append-only',
    ],
    ['truncate audit.audit_log_default', 'IM002 TRUNCATE of audit.audit_log_default is refused: the table is append-only'],
    ['truncate identity.users cascade', 'IM002 TRUNCATE of execution.verification_attempts is refused: the table is append-only'],
    [
      'alter table audit.audit_log disable trigger user',
      'IM003 ALTER TABLE of audit.audit_log is refused: the table is protected',
    ],
    ['grant update on audit.audit_log to public', 'IM003 GRANT of audit.audit_log is refused: the table is protected'],
    ['drop table audit.audit_log', 'IM004 dropping the table audit.audit_log is refused: it is protected'],
    ['drop function dbctl.refuse_truncate() cascade', /^IM004 dropping the (trigger|function) .* is refused: it is protected$/],
    [
      'create or replace function dbctl.why_refused(relation oid) returns text language sql return null',
      /^IM003 CREATE FUNCTION of dbctl\.why_refused/,
    ],
    [
      'alter table content.lab_versions add column x float8 default random()',
      /^IM005 ALTER TABLE of content.lab_versions is refused: it would/,
    ],
    [
      'drop index concurrently audit.audit_log_pkey',
      /^IM006 drop index … concurrently is refused: audit.audit_log is protected$/,
    ],
    [
      'alter table audit.audit_log detach partition audit.audit_log_default concurrently',
      /^IM006 alter table … concurrently is refused/,
    ],
  ])('refuses %s even to a superuser', async (sql, said) => {
    const refusal = await bench.refusal(sql);
    if (typeof said === 'string') expect(refusal).toBe(said);
    else expect(refusal).toMatch(said);
  });

  it.each([
    'comment on table audit.audit_log is null',
    'create index on execution.proof_artifacts (created_at)',
    'create index concurrently extra_idx on execution.proof_artifacts (size_bytes)',
    'drop index concurrently execution.extra_idx',
    'reindex table execution.proof_artifacts',
    'alter table execution.proof_artifacts set (autovacuum_vacuum_insert_scale_factor = 0.05)',
    'vacuum (freeze) execution.proof_artifacts',
    'grant select on audit.audit_log to public; revoke select on audit.audit_log from public',
    'create table public.other (a int); alter table public.other add b int; drop table public.other',
  ])('does not stand in the way of %s', async (sql) => {
    expect(await bench.refusal(sql)).toBe('done');
  });
});
