import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident, literal } from '../../../src/db/ident.ts';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import {
  EFFECTIVE_SETTINGS,
  effectiveItems,
  effectiveValues,
  readEffective,
  type EffectiveInputs,
  type EffectiveValue,
} from '../../../src/ops/verify/effective.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { randomFrom } from './random.ts';
import { POLICY, withClient } from './support.ts';

/** What `verify --effective` says of random entries, against what sessions of those roles have that really log in. */
const SEED = Number(process.env['DBCTL_TEST_SEED'] ?? 20261122);
const ROLES = ['app', 'We "ird', 'heir', 'boss'];
const DATABASES = ['lab', `Shop's`, 'third'];
const GIVEN = {
  TimeZone: ['UTC', 'utc', 'europe/BERLIN', '+02', 'Asia/Tokyo'],
  search_path: ['"$user", public', `''`, '"Sh op", pg_catalog', 'public'],
  row_security: ['off', '0', 'on', 'false', 'yes'],
  synchronous_commit: ['off', 'no', 'local', 'on', 'remote_write', '0'],
} as const;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings: { timezone: 'Etc/UTC', synchronous_commit: 'remote_apply' } });
  await onServer(
    server.url(),
    ...DATABASES.map((name) => `create database ${ident(name)} template template0`),
    ...ROLES.map((name) => `create role ${ident(name)} login password 'x' ${name === 'boss' ? 'superuser' : ''}`),
    `grant app to heir`,
    'create role staff nologin',
    'grant staff to app, heir',
  );
});
afterAll(() => server.stop());

/** Where an entry can stand, as ALTER says it. */
const PLACES = [
  'role all',
  ...DATABASES.map((database) => `database ${ident(database)}`),
  ...[...ROLES, 'staff'].flatMap((role) => [
    `role ${ident(role)}`,
    ...DATABASES.map((database) => `role ${ident(role)} in database ${ident(database)}`),
  ]),
];

async function enter(random: () => number): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const acts = PLACES.flatMap((place) =>
    EFFECTIVE_SETTINGS.map((setting) => {
      if (random() > 0.3) return `alter ${place} reset ${setting}`;
      const value = pick<string>(GIVEN[setting]);
      return `alter ${place} set ${setting} = ${setting === 'search_path' ? value : literal(value)}`;
    }),
  );
  await onServer(server.url(), ...acts);
}

const read = (database: string): Promise<EffectiveInputs> =>
  withSession(server.target(database), { access: 'read' }, (session) => readEffective(session));

/** Every pair, as its own session says it. */
async function seen(): Promise<string[]> {
  const lines: string[] = [];
  for (const database of DATABASES)
    for (const role of ROLES) {
      const url = new URL(server.url(encodeURIComponent(database)));
      url.username = encodeURIComponent(role);
      url.password = 'x';
      await withClient(url.href, async (client) => {
        const { rows } = await client.query<{ name: string; setting: string; source: string }>(
          'select name, setting, source from pg_catalog.pg_settings where name = any ($1)',
          [[...EFFECTIVE_SETTINGS]],
        );
        for (const { name, setting, source } of rows)
          lines.push(
            [
              database,
              role,
              name,
              setting,
              source === 'configuration file' || source === 'command line' || source === 'default' ? 'server' : source,
            ].join('|'),
          );
      });
    }
  return lines.toSorted();
}

const inWords = ({ database, role, setting, value, level }: EffectiveValue) => [database, role, setting, value, level].join('|');

describe.each([1, 2])('random entries of pg_db_role_setting, round %i', (round) => {
  beforeAll(() => enter(randomFrom(SEED + round)));

  it('are worked out as sessions have them that log in', async () => {
    // Its own session is overridden in many ways: what the server has is asked where nothing is.
    const inputs = { ...(await read('postgres')), server: await ownValues() };
    const said = effectiveValues(inputs).filter(({ database, role }) => DATABASES.includes(database) && ROLES.includes(role));
    expect(said.map(inWords).toSorted(), `seed ${SEED}`).toEqual(await seen());
    expect(said.filter(({ override }) => override !== null).length).toBeGreaterThan(10);
  });

  it('are what the checks find', async () => {
    const inputs = await read('lab');
    const values = effectiveValues(inputs).filter(({ override }) => override !== null);
    const subjects = (wrong: (value: EffectiveValue) => boolean) => [...new Set(values.filter(wrong).map(subject))].toSorted();
    const found = await checksFind(['time-overrides', 'dur-sync-commit', 'set-overrides-unsafe']);
    expect(found('time-overrides'), `seed ${SEED}`).toEqual(
      subjects(({ setting, value }) => setting === 'TimeZone' && value !== 'UTC'),
    );
    expect(found('dur-sync-commit').filter((name) => name !== 'synchronous_commit')).toEqual(
      subjects(({ setting, value }) => setting === 'synchronous_commit' && value === 'off'),
    );
    expect(found('set-overrides-unsafe').filter((name) => name.startsWith('row_security'))).toEqual(
      subjects(
        ({ database, role, setting, value }) =>
          database === 'lab' && !['boss', 'postgres'].includes(role) && setting === 'row_security' && value === 'off',
      ).map((name) => `row_security of ${name}`),
    );
  });
});

describe('what is shown', () => {
  it('has the server first, and says when a setting of this session hides it', async () => {
    await onServer(server.url(), ...PLACES.map((place) => `alter ${place} reset all`));
    expect((await read('lab')).overrides).toEqual([]);
    await onServer(server.url(), `alter database third set timezone = 'Asia/Tokyo'`);
    expect(
      effectiveItems(await read('lab'))
        .slice(0, 6)
        .map(({ setting, database, role, value, from }) => [setting, database, role, value, from]),
    ).toEqual([
      ['TimeZone', '*', '*', 'Etc/UTC', 'the server'],
      ['search_path', '*', '*', '"$user", public', 'the server'],
      ['row_security', '*', '*', 'on', 'the server'],
      ['synchronous_commit', '*', '*', 'remote_apply', 'the server'],
      ['TimeZone', 'third', 'We "ird', 'Asia/Tokyo', 'alter database "third"'],
      ['TimeZone', 'third', 'app', 'Asia/Tokyo', 'alter database "third"'],
    ]);
    const hidden = effectiveItems(await read('third'));
    expect(hidden[0]).toMatchObject({
      setting: 'TimeZone',
      role: '*',
      status: 'unknown',
      value: 'hidden from this session by a setting of its own',
    });
  });

  it('passes over a value that the server does not take, as a login does', async () => {
    await onServer(
      server.url(),
      `alter role app set timezone = 'Asia/Tokyo'`,
      `alter role app in database lab set timezone = 'Europe/Berlin'`,
    );
    // As after an update of the time zone data that dropped one.
    await onServer(
      server.url(),
      `set allow_system_table_mods = on; update pg_catalog.pg_db_role_setting set setconfig = '{TimeZone=Gone/Zone}' where 'TimeZone=Europe/Berlin' = any (setconfig)`,
    );
    const inputs = await read('postgres');
    expect(inputs.overrides.filter(({ value }) => value === null).map(({ given }) => given)).toEqual(['Gone/Zone']);
    const app = effectiveValues(inputs).find((one) => one.database === 'lab' && one.role === 'app' && one.setting === 'TimeZone');
    expect(app).toMatchObject({ value: 'Asia/Tokyo', level: 'user' });
    expect(await seen()).toContain('lab|app|TimeZone|Asia/Tokyo|user');
  });
});

/** The server's own, whatever the entries hide: from before there were any, as postgresql.conf of this test says. */
const ownValues = (): Promise<EffectiveInputs['server']> =>
  Promise.resolve({
    TimeZone: 'Etc/UTC',
    search_path: '"$user", public',
    row_security: 'on',
    synchronous_commit: 'remote_apply',
  });

function subject({ override }: EffectiveValue): string {
  const { database, role } = override as NonNullable<typeof override>;
  const named = (name: string) => (/^[a-z]+$/.test(name) ? name : ident(name));
  const words = [role === null ? [] : [`role ${named(role)}`], database === null ? [] : [`database ${named(database)}`]].flat();
  return words.length === 0 ? 'role all' : words.join(' in ');
}

/** As a role whom no entry hides anything from. */
async function checksFind(only: readonly string[]): Promise<(id: string) => string[]> {
  const checks = (await loadChecks([builtInFolder()]))
    .filter(({ id }) => only.includes(id))
    // What the session itself has is for another test.
    .map((check) => ({ ...check, needs: check.needs.filter(({ kind }) => kind !== 'unoverridden') }));
  const inputs = { policy: POLICY, advisories, clock: () => new Date() };
  const { outcomes } = await withSession(server.target('lab'), { access: 'read' }, (session) =>
    runChecks(session, checks, inputs),
  );
  return (id) => {
    const outcome = outcomes.find(({ check }) => check.id === id);
    return outcome?.kind === 'found'
      ? outcome.findings.map(({ object }) => object).toSorted()
      : [String(outcome?.kind)].filter((kind) => kind !== 'pass');
  };
}
