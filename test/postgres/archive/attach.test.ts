// A partition that left by right comes back, and leaves again: `retention restore ID --attach`.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { attachArchive } from '../../../src/ops/archive/attach.ts';
import { exportRelation } from '../../../src/ops/archive/export.ts';
import { archiveText, type ArchiveManifest } from '../../../src/ops/archive/manifest.ts';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { installGuards } from '../../../src/ops/immutability/install.ts';
import { complaints, ledgerBench } from '../ledger/support.ts';
import { READING } from './support.ts';

const bench = ledgerBench(`
create table public.kind (name text primary key);
insert into public.kind values ('a'), ('b');
create table public.log (
  id uuid not null default uuidv7(),
  at timestamptz not null,
  what text not null,
  kind text not null default 'a' references public.kind,
  context jsonb not null default '{}' check (jsonb_typeof(context) = 'object'),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint log_pkey primary key (id, at),
  constraint log_what_key unique (what, at)
) partition by range (at);
create index log_recorded_xid_idx on public.log (recorded_xid);
create index log_context_idx on public.log using gin (context);
create index log_upper_idx on public.log (upper(what)) where kind = 'a';
comment on column public.log.what is 'what happened';
create table public.log_default partition of public.log default;
create table public.log_new partition of public.log for values from ('2026-01-01Z') to (maxvalue);`);

const SETTINGS = {
  owner: 'dbctl_protected',
  runbook: 'runbooks/immutability-violation.md',
  partitionCreators: [],
  unlockers: [],
  archivers: ['archiver'],
  archiveVerifiers: ['checker'],
  tables: [{ schema: 'public', name: 'log', generated: [], accept: [], probe: null }],
};
const install = () => bench.session((session) => installGuards(session, SETTINGS));

beforeAll(async () => {
  for (const role of ['archiver', 'checker', 'stranger']) await bench.rows(`create role ${role} login`);
  await bench.rows('grant select on public.log to archiver, checker, stranger');
  await bench.rows(`grant insert (at, what) on public.log to stranger`);
  await install();
  await bench.rows('grant dbctl_auditor to archiver, checker');
  await bench.rows(`select dbctl.keep_rows('public.log', '13 months', 'a rule of this test')`);
  await bench.rows(`insert into public.log (at, what) values ('2026-06-01', 'new')`);
});

/** A session as another login. */
const as = <T>(role: string, use: (session: Session) => Promise<T>): Promise<T> =>
  withSession(bench.server.target(), { access: 'write', statementTimeoutMs: 0, bulk: true }, async (session) => {
    await session.script(`set session authorization ${role}`);
    return use(session);
  });
const call = (role: string, sql: string): Promise<string> =>
  as(role, (session) => session.script(sql)).then(
    () => 'done',
    (thrown: Error & { sqlstate?: string }) => `${thrown.sqlstate} ${thrown.message}`,
  );

let year = 1989;
let [name, partition] = ['', ''];
let destination: FolderRepository;

/** One of a year of its own, which left by right. */
beforeEach(async () => {
  year += 1;
  [name, partition] = [`log_${year}`, `public.log_${year}`];
  destination = folderRepository('cold', join(bench.folder, 'cold'));
  await bench.rows(
    `create table ${partition} partition of public.log for values from ('${year}-01-01Z') to ('${year + 1}-01-01Z')`,
  );
});

const fill = async (rows = 300) => {
  await bench.rows(`insert into public.log (at, what, context)
    select '${year}-01-01Z'::timestamptz + n * interval '1 hour', 'row ' || n, jsonb_build_object('n', n) from generate_series(1, ${rows}) n`);
  await bench.checkpoint();
};

const exported = async (): Promise<ArchiveManifest> => {
  const { manifest } = await as('archiver', (session) =>
    exportRelation(session, {
      destination,
      relation: partition,
      format: 'csv.gz',
      parquetWriter: 'built-in',
      xidColumn: 'recorded_xid',
      signer: bench.signer(),
      publicKeys: [bench.signer().verifierKey],
      project: 'test',
      environment: 'dev',
      operator: 'test@here',
      dbctl: '0',
      machine: 'here',
      retainDays: null,
      lockWaitMs: 1_000,
      clock: () => new Date(),
      progress: silentProgress,
      signal: READING.signal,
    }),
  );
  return manifest;
};

const manifestHash = (manifest: ArchiveManifest): string => createHash('sha256').update(archiveText(manifest)).digest('hex');

async function record(manifest: ArchiveManifest, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const segment = `segment-of-${name}`;
  const [found] = await bench.rows<{ oid: number; rows: string; hash: string }>(
    `select '${partition}'::regclass::oid as oid, h.rows::text, h.hash from dbctl.rows_hash('${partition}', 'record') h`,
  );
  const given = {
    segment,
    relation: found?.oid,
    rows: found?.rows,
    rows_hash: found?.hash,
    hashed_by: 'record',
    oldest_at: `${year}-01-01T01:00:00Z`,
    newest_at: `${year}-02-11T16:00:00Z`,
    cold_bytes: 1000,
    format: 'csv.gz',
    parquetWriter: 'built-in',
    uri: `file:///cold/${manifest.id}`,
    manifest_sha256: manifestHash(manifest),
    ...changes,
  };
  expect(await call('archiver', `select dbctl.record_segment('${JSON.stringify(given)}')`)).toBe('done');
  return segment;
}

async function verifyAndRemove(segment: string): Promise<string> {
  const [of] = await bench.rows<Record<'rows' | 'hash' | 'manifest', string>>(
    `select rows::text, rows_hash as hash, manifest_sha256 as manifest from dbctl.archive_segment where segment = $1`,
    [segment],
  );
  const verified = `select dbctl.verify_segment('${segment}', ${of?.rows}, '${of?.hash}', '${of?.manifest}', '{}')`;
  expect(await call('checker', verified)).toBe('done');
  return call('archiver', `select dbctl.remove_partition('${segment}')`);
}

/** Fenced, copied, recorded, read back by somebody else, and removed. */
async function leave(): Promise<{ readonly manifest: ArchiveManifest; readonly segment: string }> {
  expect(await call('archiver', `select dbctl.fence_partition('${partition}', 'to be archived')`)).toBe('done');
  const manifest = await exported();
  const segment = await record(manifest);
  expect(await verifyAndRemove(segment)).toBe('done');
  return { manifest, segment };
}

const WHY = 'audit of the year, letter of 9 November';
const attach = (manifest: ArchiveManifest, role = 'archiver') =>
  as(role, (session) =>
    attachArchive(session, { destination, manifest, owner: 'dbctl_protected', stay: '30 days', reason: WHY }, READING),
  );
const refusal = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (thrown: Error) => thrown.message,
  );
const count = async () =>
  (
    await bench.rows<{ n: number }>(
      `select count(*)::int as n from public.log where at < '${year + 1}-01-01Z' and at >= '${year}-01-01Z'`,
    )
  )[0]?.n;
const there = async () =>
  (await bench.rows<{ there: string | null }>(`select to_regclass('${partition}')::text as there`))[0]?.there;
/** Columns, keys, indexes, guards, owner and grants, with names that do not tell which partition it is. */
const definition = (of: string) =>
  bench.rows<{ part: string }>(
    `select regexp_replace(d.part, '${of.split('.')[1]}[a-z0-9_]*', 'NAME', 'g') as part from (
       select concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisprimary) from pg_index where indrelid = '${of}'::regclass
       union all
       select concat_ws(' ', conname, pg_get_constraintdef(oid), convalidated, coninhcount, conislocal)
       from pg_constraint where conrelid = '${of}'::regclass and conname <> 'dbctl_fence'
       union all
       select concat_ws(' ', tgname, tgenabled, tgtype) from pg_trigger where tgrelid = '${of}'::regclass and not tgisinternal
       union all
       select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum),
                        pg_get_expr(d.adbin, d.adrelid))
       from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where a.attrelid = '${of}'::regclass and a.attnum > 0
       union all
       select concat_ws(' ', relkind, relpersistence, pg_get_userbyid(relowner), relacl, pg_get_expr(relpartbound, oid))
       from pg_class where oid = '${of}'::regclass) d (part)
     order by 1`,
  );

describe('a partition that left', () => {
  it('comes back as it was, guarded and fenced, and the ledger knows', async () => {
    await fill();
    const before = await definition(partition);
    const { manifest } = await leave();
    expect([await count(), await there()]).toEqual([0, null]);
    const back = await attach(manifest);
    expect(back).toMatchObject({ rows: 300, segment: `segment-of-${name}.back1` });
    expect(Date.parse(back.until) - Date.now()).toBeGreaterThan(29 * 86_400_000);
    expect(await count()).toBe(300);
    expect(await definition(partition)).toEqual(before);
    // Nobody changes it or adds to it: it is its copy.
    expect(await call('postgres', `update ${partition} set what = 'x'`)).toMatch(/^IM001 /);
    expect(await call('postgres', `truncate ${partition}`)).toMatch(/^IM002 /);
    expect(await call('postgres', `alter table public.log detach partition ${partition}`)).toMatch(/^IM003 /);
    expect(await call('postgres', `drop table ${partition}`)).toMatch(/^IM004 /);
    expect(await call('stranger', `insert into public.log (at, what) values ('${year}-05-05Z', 'late')`)).toMatch(
      /^23514 .*dbctl_fence/,
    );
    expect((await install()).drift).toEqual([]);
    expect((await install()).steps).toEqual([]);
    const said = complaints(await bench.verify());
    expect(said).toEqual([
      `returned ${partition}: back from file:///cold/${manifest.id}, until ${back.until.replace('T', ' ').replace(/Z$/, '')}${said[0]?.match(/\.\d+\+00|\+00/)?.[0] ?? ''}: ${WHY}`,
    ]);
    expect(await bench.rows('select open from (select count(*)::int as open from dbctl.permit where not ended) p')).toEqual([
      { open: 0 },
    ]);
  });

  it('leaves again once somebody else has read its copy back, and can come back once more', async () => {
    await fill();
    const { manifest } = await leave();
    const { segment } = await attach(manifest);
    expect(await call('archiver', `select dbctl.remove_partition('${segment}')`)).toMatch(/^IM010 /);
    const [held] = await bench.rows<{ id: number }>(
      `insert into dbctl.legal_hold (scope, relation, relation_name, partition, partition_name, reason, operator)
       values ('partition', 'public.log', 'public.log', '${partition}', '${partition}', 'case 4711, ordered by court', 'ann@here')
       returning id::int as id`,
    );
    expect(await verifyAndRemove(segment)).toMatch(/^IM015 /);
    await bench.rows(
      `insert into dbctl.legal_hold_release (hold, reason, operator) values ($1, 'case 4711 is settled', 'ann@here')`,
      [held?.id],
    );
    expect(await call('archiver', `select dbctl.remove_partition('${segment}')`)).toBe('done');
    expect([await count(), await there()]).toEqual([0, null]);
    expect(complaints(await bench.verify()).filter((one) => one.includes(name))).toEqual([
      `archived ${partition}: archived: file:///cold/${manifest.id}`,
    ]);
    expect(await attach(manifest)).toMatchObject({ rows: 300, segment: `segment-of-${name}.back2` });
    expect(
      await bench.rows(`select cold_bytes::int from dbctl.archive_segment where partition_name = $1 order by exported_at`, [
        partition,
      ]),
    ).toEqual([{ cold_bytes: 1000 }, { cold_bytes: 0 }, { cold_bytes: 0 }]);
  });

  it('is attached without reading its rows again, by whoever knows the functions', async () => {
    await fill();
    await leaveKept();
    const notices: string[] = [];
    const client = await byHand();
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    await client.query(`set client_min_messages = debug1`);
    await client.query(back());
    expect(notices).toContain(`partition constraint for table "${name}" is implied by existing constraints`);
  });

  it('waits for readers of the default partition without keeping others waiting, and gives up', async () => {
    await fill();
    const { manifest } = await leave();
    const reader = await bench.connect();
    await reader.query('begin; select count(*) from public.log_default');
    const attaching = refusal(attach(manifest));
    const waited: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const begun = Date.now();
      await bench.rows('select count(*) from public.log');
      waited.push(Date.now() - begun);
    }
    await reader.query('commit');
    expect(await attaching).toBe('done');
    expect(Math.max(...waited)).toBeLessThan(1_500);
  });
});

/** As {@link leave}, with a copy of the rows for those who load by hand. */
async function leaveKept() {
  await bench.rows(`create table public.kept_${year} as select * from ${partition}`);
  await bench.rows(`grant select on public.kept_${year} to archiver`);
  return leave();
}

/** A session of the archiver with the rows in a temporary table. */
async function byHand(change = ''): Promise<pg.Client> {
  const client = await bench.connect();
  await client.query('set session authorization archiver');
  await client.query(
    `create temporary table back as select * from public.kept_${year}; grant select on pg_temp.back to dbctl_protected`,
  );
  if (change !== '') await client.query(change);
  return client;
}
const refusedBy = (client: pg.Client, sql: string): Promise<string> =>
  client.query(sql).then(
    () => 'done',
    (thrown: pg.DatabaseError) => `${thrown.code} ${thrown.message}`,
  );
const back = () => `select dbctl.return_partition('segment-of-${name}', 'pg_temp.back', now() + interval '1 day', '${WHY}')`;

describe('nothing comes back', () => {
  const BY_HAND: readonly (readonly [what: string, change: string, message: RegExp])[] = [
    [
      'with a row of another content',
      `update pg_temp.back set what = 'forged' where what = 'row 17'`,
      /^IM013 .*these rows are not those that left$/,
    ],
    ['with a row less', `delete from pg_temp.back where what = 'row 17'`, /^IM013 /],
    ['with a row twice', `insert into pg_temp.back select * from pg_temp.back where what = 'row 17'`, /^23505 |^IM013 /],
    [
      'with a row of another time',
      `update pg_temp.back set at = at + interval '1 year' where what = 'row 17'`,
      /^23514 .*dbctl_bound/,
    ],
    [
      'from a table with one column more',
      'alter table pg_temp.back add column extra text',
      /^IM016 .*the columns of public.log are not those of its copy any more$/,
    ],
    [
      'from a table with rules',
      `create rule r as on insert to pg_temp.back do also select 1`,
      /^IM016 .*back is no temporary table of archiver$/,
    ],
    [
      'from a table with policies',
      'alter table pg_temp.back enable row level security',
      /^IM016 .*back is no temporary table of archiver$/,
    ],
    [
      'from a view',
      `drop table pg_temp.back; create temporary view back as select * from public.kept_YEAR`,
      /^IM016 .*back is no temporary table of archiver$/,
    ],
  ];

  it('by hand', async () => {
    await fill(20);
    await leaveKept();
    for (const [what, change, message] of BY_HAND) {
      const client = await byHand(change.replaceAll('YEAR', String(year)));
      expect(await refusedBy(client, back()), what).toMatch(message);
      expect([await count(), await there()], what).toEqual([0, null]);
    }
    const client = await byHand();
    await bench.rows(`grant select on public.kept_${year} to dbctl_protected`);
    expect(await refusedBy(client, back().replace('pg_temp.back', `public.kept_${year}`))).toMatch(
      /^IM016 .*is no temporary table of archiver$/,
    );
    expect(await refusedBy(client, back())).toBe('done');
  });

  it('that is there, or was not removed, or is back already', async () => {
    await fill(20);
    expect(await call('archiver', `select dbctl.fence_partition('${partition}', 'to be archived')`)).toBe('done');
    const manifest = await exported();
    expect(await refusal(attach(manifest))).toBe(`this database has no record that a partition left as ${manifest.id}`);
    const segment = await record(manifest);
    expect(await refusal(attach(manifest))).toBe(`${partition} cannot come back: its partition was not removed`);
    expect(await verifyAndRemove(segment)).toBe('done');
    await bench.rows(`create table ${partition} (x int)`);
    expect(await refusal(attach(manifest))).toBe(`${partition} cannot come back: ${partition} is there already`);
    await bench.rows(`drop table ${partition}`);
    const answers = await Promise.all([refusal(attach(manifest)), refusal(attach(manifest))]);
    expect(answers).toContain('done');
    expect(answers.find((answer) => answer !== 'done')).toMatch(/ it is back already, until /);
    expect(await refusal(attach(manifest))).toMatch(/cannot come back: it is back already, until /);
    expect(await call('archiver', `select dbctl.return_partition('${segment}.back1', 'pg_class', now(), 'ten letters')`)).toMatch(
      new RegExp(`^IM016 .*it came from segment ${segment} itself: bring that one back$`),
    );
  });

  it('where rows of that time came meanwhile, or what they refer to is gone', async () => {
    await fill(20);
    const { manifest } = await leave();
    await bench.rows(`insert into public.log (at, what) values ('${year}-03-03Z', 'late')`);
    expect(await refusal(attach(manifest))).toMatch(
      /updated partition constraint for default partition "log_default" would be violated by some row/,
    );
    expect(await there()).toBeNull();
    await bench.rows(`insert into public.kind values ('c') on conflict do nothing`);
    [name, partition, year] = [`log_${year}x`, `public.log_${year}x`, year - 100];
    await bench.rows(
      `create table ${partition} partition of public.log for values from ('${year}-01-01Z') to ('${year + 1}-01-01Z')`,
    );
    await bench.rows(`insert into public.log (at, what, kind) values ('${year}-03-03Z', 'of a kind', 'c')`);
    await bench.checkpoint();
    const other = await leave();
    await bench.rows(`delete from public.kind where name = 'c'`);
    expect(await refusal(attach(other.manifest))).toMatch(/violates foreign key constraint "log_kind_fkey"/);
    expect(await there()).toBeNull();
    year += 100;
  });

  it('by other roles', async () => {
    await fill(20);
    const { manifest, segment } = await leaveKept();
    expect(await refusal(attach(manifest, 'stranger'))).toMatch(/permission denied/);
    expect(await refusal(attach(manifest, 'checker'))).toMatch(/permission denied for function return_problem/);
    for (const sql of [
      back(),
      `select * from dbctl.require_returnable('${segment}', 'pg_class')`,
      `select dbctl.return_permit('${segment}', 'public.log', 'public.kept_${year}')`,
      `select dbctl.register_return('public.log', 'public.kept_${year}')`,
      `select dbctl.record_return('${segment}', 'public.kept_${year}', now(), 'ten letters')`,
    ]) {
      expect(await call('checker', sql), sql).toMatch(/^42501 |^42P01 /);
      if (!sql.includes('return_partition')) expect(await call('archiver', sql), sql).toMatch(/^42501 /);
    }
    await expect(bench.rows('delete from dbctl.archive_return')).rejects.toThrow(/append-only|refused/);
  });

  it('half, where the run is killed', async () => {
    await fill();
    await leaveKept();
    const client = await byHand();
    await client.query('begin');
    await client.query(back());
    const [backend] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
    expect(await there()).toBeNull();
    await bench.rows('select pg_terminate_backend($1, 5000)', [backend?.pid]);
    expect([await count(), await there()]).toEqual([0, null]);
    expect((await install()).drift).toEqual([]);
    expect(complaints(await bench.verify()).filter((one) => one.includes(name))).toMatchObject([
      expect.stringMatching(/^archived /),
    ]);
  });
});

/** Last, since the table stays so. */
it('a partition stays away where a column came since, before anything is fetched', async () => {
  await fill(20);
  const { manifest } = await leave();
  await unlocked(`alter table public.log add column extra text`);
  const fetched: string[] = [];
  const { storage } = destination;
  const watched = {
    ...destination,
    storage: new Proxy(storage, {
      get: (of, key) => {
        fetched.push(String(key));
        const found: unknown = Reflect.get(of, key);
        return typeof found === 'function' ? (found.bind(of) as unknown) : found;
      },
    }),
  } as FolderRepository;
  const inputs = { destination: watched, manifest, owner: 'dbctl_protected', stay: '30 days', reason: WHY };
  expect(await refusal(as('archiver', (session) => attachArchive(session, inputs, READING)))).toBe(
    `${partition} cannot come back: the columns of public.log are not those of its copy any more: it has got extra`,
  );
  expect([fetched, await count(), await there()]).toEqual([[], 0, null]);
});

/** As two people do in a migration. */
async function unlocked(sql: string): Promise<void> {
  await bench.rows('create role t_ann superuser; create role t_bob superuser; set session authorization t_ann');
  const [asked] = await bench.rows<{ id: string }>(`select dbctl.request_unlock('public.log', 'a column that is needed') as id`);
  await bench.rows(
    `set session authorization t_bob; select dbctl.approve_unlock('${asked?.id}'); set session authorization t_ann`,
  );
  await bench.rows(`begin; select dbctl.unlock_for_migration('public.log'); ${sql}; commit; reset session authorization`);
}
