import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident, literal } from '../../../src/db/ident.ts';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { fillFix } from '../../../src/ops/verify/fix.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { programsWithPgaudit } from './hardened.ts';
import { POLICY, withClient } from './support.ts';

/** What log-pgaudit says of a server that has pgaudit, against what that server writes to its log. */
const checks = (await loadChecks([builtInFolder()])).filter(({ id }) => id === 'log-pgaudit');

let server: TestServer;
beforeAll(async () => {
  const programs = await programsWithPgaudit();
  server = await startServer({ programs, settings: { shared_preload_libraries: 'pgaudit' } });
}, 60_000);
afterAll(() => server.stop());

/** Object to fix. */
async function findings(): Promise<Record<string, string>> {
  const inputs = { policy: POLICY, advisories, clock: () => new Date() };
  const { outcomes } = await withSession(server.target(), { access: 'read' }, (session) => runChecks(session, checks, inputs));
  const [outcome] = outcomes;
  if (outcome?.kind === 'pass') return {};
  if (outcome?.kind !== 'found') throw new Error(`it says ${JSON.stringify(outcome)}`);
  return Object.fromEntries(outcome.findings.map(({ object, data }) => [object, fillFix(outcome.check.fix, data)]));
}

/** One statement a message: alter system stands in no transaction. */
async function run(script: string): Promise<void> {
  await onServer(server.url(), ...script.split(/;\s*/).filter((statement) => statement !== ''));
}

/** Sessions from now on have it. */
async function setServer(value: string | null): Promise<void> {
  await run(`alter system ${value === null ? 'reset pgaudit.log' : `set pgaudit.log = ${literal(value)}`}`);
  await run('select pg_catalog.pg_reload_conf()');
  await withClient(server.url(), async (client) => {
    const shown = `select 1 where pg_catalog.current_setting('pgaudit.log') = ${literal(value ?? 'none')}`;
    while ((await client.query(shown)).rowCount === 0) await client.query('select pg_catalog.pg_sleep(0.01)');
  });
}

let number = 0;
/** Whether the log has anything of a session that reads, writes, creates, grants, calls, sets and vacuums. */
async function isRecorded(): Promise<boolean> {
  const mark = `seen_${(number += 1)}`;
  await withClient(server.url(), async (client) => {
    await client.query(`set application_name = '${mark}'; create temp table ${mark} (id int)`);
    await client.query(`insert into ${mark} values (1); select id from ${mark}; grant select on ${mark} to public`);
    await client.query(`vacuum ${mark}`);
    await client.query(`do $$ begin perform pg_catalog.upper('${mark}'); end $$`);
  });
  return readFileSync(server.log, 'utf8')
    .split('\n')
    .some((line) => line.includes('AUDIT:') && line.includes(mark));
}

describe('log-pgaudit, on a server that has it', () => {
  it.each([
    null,
    'none',
    '',
    ' ',
    'none, none',
    '-all',
    '-read',
    'read, -all',
    'READ,-READ',
    'all, -read, -write, -function, -role, -ddl, -misc',
    'all, none',
    'none, write',
    'ddl',
    ' Role ',
    'read',
    'misc',
    'misc_set',
    'all, -misc_set',
    'all, -misc',
    'misc, -misc_set',
    'misc_set, -misc',
    '-all, write',
    'function,-write',
  ])('judges pgaudit.log = %j as the log does', async (value) => {
    await setServer(value);
    const found = await findings();
    expect({ value, records: found['pgaudit.log'] === undefined }).toEqual({ value, records: await isRecorded() });
  });

  it('is content after its fix, and the log has what is done', async () => {
    await setServer(null);
    await run((await findings())['pgaudit.log'] ?? '');
    await setServer('ddl, role, write');
    expect([await findings(), await isRecorded()]).toEqual([{}, true]);
  });

  it.each(['none', '', 'read,-all', 'ddl,-ddl', 'role'])('judges a role with %j of its own as the log does', async (value) => {
    await setServer('all');
    const role = `Shop's ${value}`;
    await run(`create role ${ident(role)} login superuser`);
    await run(`alter role ${ident(role)} set pgaudit.log = ${literal(value)}`);
    const found = await findings();
    await run(`alter role ${ident(role)} password 'x'`);
    const url = new URL(server.url());
    [url.username, url.password] = [encodeURIComponent(role), 'x'];
    const before = readFileSync(server.log, 'utf8').length;
    await onServer(
      url.href,
      'create table public.by_role (id int)',
      'grant select on public.by_role to public',
      'drop table public.by_role',
    );
    const lines = readFileSync(server.log, 'utf8').slice(before).split('\n');
    const records = lines.some((line) => line.includes('AUDIT:') && line.includes('by_role'));
    expect(Object.keys(found)).toEqual(records ? [] : [`role ${ident(role)}`]);
    for (const fix of Object.values(found)) await run(fix);
    expect(await findings()).toEqual({});
    await run(`drop role ${ident(role)}`);
  });
});
