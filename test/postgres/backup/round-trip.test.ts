import { readFileSync } from 'node:fs';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/progress.ts';
import { withSession } from '../../../src/db/session.ts';
import type { LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { compareRestored, type Comparison } from '../../../src/ops/restore/compare.ts';
import { createDatabase } from '../../../src/ops/restore/preflight.ts';
import { restoreLogical } from '../../../src/ops/restore/restore.ts';
import { onServer } from '../../support/connection.ts';
import { QUIET, backupBench } from './support.ts';

const bench = backupBench();
const kinds = readFileSync(new URL('kinds.sql', import.meta.url), 'utf8');
const url = (database: string) => bench.server.url(database);

async function restoreInto(database: string, manifest: LogicalManifest, progress: Progress = QUIET.progress) {
  const target = bench.server.target(database);
  return withSession(target, { access: 'write', statementTimeoutMs: 0 }, (session) =>
    restoreLogical(session, { ...QUIET, progress, repository: bench.repository, manifest, target, tools: bench.tools, jobs: 2 }),
  );
}

/** What pg_dump leaves out without --create. */
const OF_THE_DATABASE = [
  `alter database kinds set search_path = "Odd, one", "$user", public`,
  `alter database kinds set "app.tenant" = 'it''s; a \\ secret'`,
  `alter role t_backup_reader in database kinds set statement_timeout = '7s'`,
  'alter database kinds connection limit 17',
  'revoke connect on database kinds from public',
  'grant connect on database kinds to t_backup_reader with grant option',
  `comment on database kinds is 'the database of kinds'`,
  'alter database kinds owner to t_backup_owner',
];

let manifest: LogicalManifest;
beforeAll(async () => {
  await onServer(url('postgres'), 'create role t_backup_reader', 'create role t_backup_owner', 'create database kinds');
  await onServer(url('kinds'), kinds, ...OF_THE_DATABASE);
  manifest = await bench.create('kinds');
  await onServer(url('postgres'), createDatabase('restored', manifest.source));
}, 180_000);

function compared(database: string): Promise<Comparison> {
  const target = bench.server.target(database);
  return withSession(target, { access: 'write', statementTimeoutMs: 0 }, (session) =>
    compareRestored(session, {
      manifest,
      folder: `${bench.repository.folder}/${manifest.id}`,
      target,
      tools: bench.tools,
      signal: QUIET.signal,
      onTable: () => {},
    }),
  );
}
const partsOf = async (database: string) => (await compared(database)).parts;

describe('a backup of every kind of object', () => {
  it('is restored equal: rows, sequences, large objects, definitions, owners, grants, states of triggers', async () => {
    expect(await restoreInto('restored', manifest)).toMatchObject({ data: [], definitions: [], refused: [] });
    expect(manifest.fingerprint.tables.length).toBe(9);
    expect(manifest.fingerprint.largeObjects?.count).toBe('2');
    expect(manifest.source.roles.map(({ name }) => name)).toEqual(['t_backup_owner', 't_backup_reader']);
  });

  it('is compared one thing after the other, each with a figure', async () => {
    const parts = await partsOf('restored');
    expect(
      parts.map(({ name, differences, said }) => `${name}: ${differences === null ? 'unknown' : differences.length}, ${said}`),
    ).toEqual([
      'rows: 0, 161 in 9 tables, each table by count and hash',
      'sequences: 0, 4, none is behind',
      'large objects: 0, 2',
      'ledger: 0, nothing was sealed',
      'owners: 0, of 30 objects',
      'grants: 0, on 31 objects',
      'constraints: 0, 11, 2 not validated, as in the backup',
      'row security: 0, tables under it: 1, policies: 1',
      'triggers: 0, 4, 1 ALWAYS, 1 disabled',
      'event triggers: 0, 1, 1 ALWAYS',
      'definitions: 0, 108 facts of columns, indexes, views, functions, types and others',
      'database: 0, owner, grants, limit, comment and 3 settings',
      'dump of definitions: 0, the same lines as in the backup',
    ]);
  });

  it('has the settings of the database, which no dump holds', async () => {
    const client = new pg.Client({ connectionString: url('restored') });
    await client.connect();
    const show = async (name: string) =>
      (await client.query<{ said: string }>('select current_setting($1) as said', [name])).rows[0]?.said;
    expect([await show('search_path'), await show('app.tenant')]).toEqual([
      '"Odd, one", "$user", public',
      String.raw`it's; a \ secret`,
    ]);
    await client.end();
  });

  it('counts and hashes as the tables themselves do', async () => {
    const client = new pg.Client({ connectionString: url('kinds') });
    await client.connect();
    const { rows } = await client.query<{ rows: string }>('select count(*)::text as rows from kinds.measures_2026_a');
    expect(manifest.fingerprint.tables.find(({ name }) => name === 'kinds.measures_2026_a')?.rows).toBe(rows[0]?.rows);
    await client.end();
  });

  /** The comparison has to see each of these, or it is none. */
  it.each<[string, string, RegExp]>([
    ['a value', `update kinds.base set note = 'other' where id = 1`, /^kinds\.base has 1 rows, and other ones$/],
    [
      'a value in a partition',
      `update kinds.measures set value = 0 where at = '2026-01-05'`,
      /^kinds\.measures_2026_a has 100 rows, and other ones/,
    ],
    [
      'a json text',
      `update kinds.scalars set js = '{"b": 1.0, "a": [1, 2]}' where id = 1`,
      /^kinds\.scalars has 3 rows, and other ones$/,
    ],
    ['the sign of a zero in text', `update kinds.scalars set f = 0 where id = 2`, /^kinds\.scalars has 3 rows, and other ones$/],
    ['an enum', `update kinds.scalars set m = 'ok' where id = 1`, /^kinds\.scalars/],
    ['a row less', 'delete from kinds.refs where id = 2', /^kinds\.refs has 1 rows instead of 2$/],
    ['a row more', 'insert into kinds.base values (9, null)', /^kinds\.base has 2 rows instead of 1$/],
    [
      'a stale materialized view',
      `insert into kinds.measures values ('2020-12-01', 'b', 5); refresh materialized view kinds.summed`,
      /^kinds\.measures_rest has 51/,
    ],
    ['a sequence that went back', `select setval('kinds.counter', 1)`, /^sequence kinds\.counter is at 1, behind 107$/],
    ['a large object', `select lo_put(4711, 0, '\\x99')`, /^large objects differ$/],
    ['a table more', 'create table kinds.more (id int)', /^kinds\.more is more than was backed up$/],
    ['a table less', 'drop table kinds.scratch', /^kinds\.scratch is missing$/],
    [
      'a trigger that is no longer always',
      'alter table kinds.base enable trigger always',
      /^missing: ALTER TABLE kinds\.base ENABLE ALWAYS TRIGGER always;$/,
    ],
    [
      'a trigger that is no longer always, by the catalogue',
      'alter table kinds.base enable trigger always',
      /^trigger kinds\.base\.always is enabled: CREATE TRIGGER always .* instead of ALWAYS: CREATE/,
    ],
    [
      'an owner, by the catalogue',
      'alter table kinds.policed owner to postgres',
      /^the owner of kinds\.policed is postgres instead of t_backup_owner$/,
    ],
    ['a grant on a column', 'revoke all (id) on kinds.refs from t_backup_reader', /^who may use kinds\.refs\.id is missing$/],
    ['a grant more', 'grant truncate on kinds.base to public', /^who may use kinds\.base is .*public: truncate.* instead of /],
    [
      'row security, by the catalogue',
      'alter table kinds.policed disable row level security',
      /^row security of kinds\.policed is missing$/,
    ],
    [
      'a policy, by the catalogue',
      'alter policy own on kinds.policed using (true)',
      /^policy kinds\.policed\.own is permissive for all to public using \(true\)/,
    ],
    [
      'a constraint that was validated',
      'alter table kinds.base validate constraint later',
      /^constraint kinds\.base\.later is CHECK \(\(id > 0\)\) instead of CHECK \(\(id > 0\)\) NOT VALID$/,
    ],
    [
      'a function',
      `create or replace function kinds.upper_it(text) returns text language sql immutable as 'select $1'`,
      /^function kinds\.upper_it\(text\) is another one$/,
    ],
    ['a setting of the database', 'alter database changed reset search_path', /^its setting search_path is missing$/],
    [
      'the value of a setting, which is not told',
      `alter database changed set "app.tenant" = 'another'`,
      /^its setting app\.tenant has another value$/,
    ],
    ['a setting more', 'alter database changed set work_mem = 64', /^its setting work_mem is more than was backed up$/],
    [
      'who may connect',
      'grant connect on database changed to public',
      /^who may use the database: .*public connect.* instead of/,
    ],
    ['the connection limit', 'alter database changed connection limit 3', /^its connection limit is 3 instead of 17$/],
    [
      'a trigger that is disabled',
      'alter table kinds.base enable trigger off',
      /^trigger kinds\.base\.off is enabled: .* instead of disabled: /,
    ],
    ['an owner', 'alter table kinds.policed owner to postgres', /OWNER TO t_backup_owner/],
    [
      'a grant',
      'revoke select on kinds.base from t_backup_reader',
      /^missing: GRANT SELECT ON TABLE kinds\.base TO t_backup_reader;$/,
    ],
    ['row security', 'alter table kinds.policed disable row level security', /ENABLE ROW LEVEL SECURITY/],
    ['a policy', 'drop policy own on kinds.policed', /CREATE POLICY own/],
    ['a constraint', 'alter table kinds.base drop constraint later', /CONSTRAINT later/],
    ['an index', 'drop index kinds.partial', /CREATE INDEX partial/],
    ['a comment', 'comment on column kinds.base.note is null', /COMMENT ON COLUMN/],
    ['an event trigger', 'alter event trigger watching disable', /EVENT TRIGGER/],
  ])('%s that differs is found', async (_name, change, said) => {
    await onServer(
      url('postgres'),
      'drop database if exists changed with (force)',
      'create database changed template restored',
      ...OF_THE_DATABASE.map((statement) => statement.replaceAll('database kinds', 'database changed')),
    );
    await onServer(url('changed'), change);
    const found = await compared('changed');
    expect(
      [...found.data, ...(found.definitions ?? [])].some((text) => said.test(text)),
      JSON.stringify(found),
    ).toBe(true);
  });
});

describe('a view that the server words otherwise once it is made of its own words', () => {
  const WORDY = `create view wordy as select extract('YEAR' from now()) as year union select 1 from (select 'x'::name union all select 'PUBLIC'::name) n`;

  it('is equal, and no other one is', async () => {
    await onServer(url('postgres'), 'create database wordy');
    await onServer(url('wordy'), WORDY);
    const wordy = await bench.create('wordy');
    await onServer(url('postgres'), createDatabase('wordy_again', wordy.source));
    expect(await restoreInto('wordy_again', wordy)).toMatchObject({ data: [], definitions: [] });
    await onServer(url('wordy_again'), WORDY.replace('create', 'create or replace').replace('YEAR', 'MONTH'));
    const target = bench.server.target('wordy_again');
    const folder = `${bench.repository.folder}/${wordy.id}`;
    const found = await withSession(target, { access: 'write' }, (session) =>
      compareRestored(session, { manifest: wordy, folder, target, tools: bench.tools, signal: QUIET.signal, onTable: () => {} }),
    );
    expect(found.definitions?.[0]).toBe('view public.wordy is another one');
    expect(found.definitions?.join()).toContain('MONTH');
  });
});

describe('a database without an encoding', () => {
  it('is restored equal, though its bytes are no UTF-8', async () => {
    await onServer(url('postgres'), `create database bytes template template0 encoding 'SQL_ASCII' locale 'C'`);
    await onServer(url('bytes'), 'create table paths (path text)', `insert into paths values (E'/caf\\xe9')`);
    const bytes = await bench.create('bytes');
    await onServer(url('postgres'), createDatabase('bytes_again', bytes.source));
    expect(await restoreInto('bytes_again', bytes)).toMatchObject({ data: [], definitions: [] });
  });
});

describe('a restore tells', () => {
  it('how far it is in each phase, bytes of bytes where there are any', async () => {
    await onServer(url('postgres'), createDatabase('watched', manifest.source));
    const told = new Map<string, { total: number | undefined; unit: string; done: number }>();
    const progress: Progress = {
      step(name, total, unit = 'things') {
        const one = { total, unit, done: 0 };
        told.set(name, one);
        return { tick: (more) => void (one.done += more), done() {}, failed() {} };
      },
    };
    await restoreInto('watched', manifest, progress);
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    expect(told.get('hash the backup')).toEqual({ total: bytes, unit: 'bytes', done: bytes });
    expect(told.get('restore')).toMatchObject({ total: manifest.source.sizeBytes, unit: 'bytes' });
    expect(told.get('restore')?.done).toBeGreaterThan(1_000_000);
    expect(told.get('compare')).toEqual({ total: 9, unit: 'things', done: 9 });
  });
});

describe('a snapshot', () => {
  it('is one moment for dump and fingerprint, however much is written meanwhile', async () => {
    const stop = new AbortController();
    const writers = Array.from({ length: 4 }, async (_, place) => {
      const client = new pg.Client({ connectionString: url('kinds') });
      client.on('error', () => {});
      await client.connect();
      while (!stop.signal.aborted) {
        await client.query(
          `begin; insert into kinds.base values (3, 'written'); update kinds.measures set value = value + 1 where at = '2026-02-0${1 + place}'; select nextval('kinds.counter'); commit`,
        );
      }
      await client.end();
    });
    const busy = await bench.create('kinds');
    stop.abort();
    await Promise.all(writers);
    await onServer(
      url('postgres'),
      'drop database if exists restored_busy with (force)',
      createDatabase('restored_busy', busy.source),
    );
    expect(await restoreInto('restored_busy', busy)).toMatchObject({ data: [], definitions: [] });
  });
});

describe('a restore', () => {
  it('is refused where the database is not empty, is another kind, or lacks what is needed; nothing is touched then', async () => {
    const refusal = async (database: string, from: LogicalManifest) => {
      const target = bench.server.target(database);
      return restoreInto(database, from).then(
        () => 'restored',
        (thrown: Error) => `${thrown.message} [${target.database}]`,
      );
    };
    expect(await refusal('restored', manifest)).toMatch(/^kinds-\S+ cannot be restored into restored: it is not empty: it has /);
    expect(await refusal('kinds', manifest)).toContain('it is the database the backup was made of');
    await onServer(
      url('postgres'),
      `create database other_locale template template0 locale_provider libc locale 'C' encoding 'SQL_ASCII'`,
    );
    expect(await refusal('other_locale', manifest)).toContain(
      'its encoding is SQL_ASCII, and that of the backup UTF8: text would sort and compare otherwise',
    );
    await onServer(url('postgres'), createDatabase('empty', manifest.source));
    const wanting = {
      ...manifest,
      source: {
        ...manifest.source,
        serverVersion: 190_000,
        roles: [...manifest.source.roles, { name: 't_not_there', login: true, superuser: false, memberOf: [] }],
        extensions: [{ name: 'postgis', version: '3.5' }],
      },
    };
    const said = await refusal('empty', wanting);
    for (const part of [
      'it is of PostgreSQL 18, and the backup of 19',
      'the role t_not_there is missing',
      'the extension postgis 3.5 is not available on this server',
    ])
      expect(said).toContain(part);
  });
});

describe('rights', () => {
  it('that would dump less than all are an error before anything is written', async () => {
    await onServer(
      url('kinds'),
      `create role t_backup_some login password 'x2'`,
      'grant connect on database kinds to t_backup_some',
      'grant usage on schema kinds to t_backup_some',
    );
    const as = new URL(url('kinds'));
    [as.username, as.password] = ['t_backup_some', 'x2'];
    const { targetOf } = await import('../../support/connection.ts');
    const target = targetOf(as.href, 'kinds');
    const { requireRights } = await import('../../../src/ops/backup/source.ts');
    const attempt = () => withSession(target, { access: 'read' }, requireRights);
    await expect(attempt()).rejects.toThrow(/^t_backup_some may not read .* and \d+ more$/);
    await onServer(url('kinds'), 'grant pg_read_all_data to t_backup_some');
    await expect(attempt()).rejects.toThrow('policies hide rows of kinds.policed from t_backup_some');
    await onServer(url('kinds'), 'alter role t_backup_some bypassrls');
    await attempt();
  });
});

// pg_restore with several jobs adds a foreign key of a partitioned table as soon as the referenced one has its key: no entry of its list says that
// the partitions come first. Each row is then looked up with the rights of an owner whose own come last.
it('a foreign key of a partitioned table waits for the rows of its partitions', async () => {
  await onServer(url('postgres'), 'create role t_backup_of_refs', 'create database parts');
  await onServer(
    url('parts'),
    `create schema app; grant usage on schema app to t_backup_of_refs`,
    `create table app.refs (id int primary key); alter table app.refs owner to t_backup_of_refs; insert into app.refs select generate_series(1, 100)`,
    `create table app.events (n int, ref int not null references app.refs) partition by list (n)`,
    ...Array.from({ length: 30 }, (_, n) => `create table app.events_${n} partition of app.events for values in (${n})`),
    `insert into app.events select n % 30, 1 + n % 100 from generate_series(1, 30000) n`,
  );
  const made = await bench.create('parts');
  await onServer(url('postgres'), createDatabase('parts_restored', made.source));
  expect((await restoreInto('parts_restored', made)).parts.flatMap(({ differences }) => differences)).toEqual([]);
});
