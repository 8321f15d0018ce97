import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident } from '../../../src/db/ident.ts';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { CLOSED_FUNCTIONS, CLOSED_RELATIONS, HIDDEN_SETTINGS } from '../../../src/ops/verify/closed.ts';
import { grantScript } from '../../../src/ops/verify/grant-script.ts';
import { neededGrants } from '../../../src/ops/verify/grants.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import type { Outcome } from '../../../src/ops/verify/outcome.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { guard, GUARDS } from './guarded.ts';
import { POLICY, withClient } from './support.ts';

/** What --print-grants prints, run on a server of its own: memberships and rights of roles are the cluster's. */
const builtIn = await loadChecks([builtInFolder()]);
const policy = { ...POLICY, appRoles: [], guards: GUARDS, settings: { work_mem: '4MB' } };
const inputs = { policy, advisories, clock: () => new Date() };
/** They look at the verifiers of passwords, which somebody has to decide about by hand. */
const SECRET = ['auth-accounts', 'auth-md5-verifiers'];

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  for (const name of ['lab', 'shut']) await onServer(server.url(), `create database ${name} template template0`);
  await guard(server.url('lab'), server.target('lab'));
  // In the other database PUBLIC has lost all that it has from the start, but for what a session of dbctl itself begins with.
  await withClient(server.url('shut'), async (client) => {
    for (const { statement, kind } of neededGrants(builtIn, 'public'))
      if (kind === 'open' && !statement.includes('current_setting'))
        await client.query(statement.replace('grant', 'revoke').replace(' to "public"', ' from public'));
  });
});
afterAll(() => server.stop());

async function look(database: string, role: string): Promise<readonly Outcome[]> {
  await onServer(server.url(), `alter role ${ident(role)} password 'x'`);
  const target = { ...server.target(database), user: role, password: () => Promise.resolve('x') };
  const { outcomes } = await withSession(target, { access: 'read' }, (session) => runChecks(session, builtIn, inputs));
  return outcomes;
}
const unknown = (outcomes: readonly Outcome[]) => outcomes.filter((outcome) => outcome.kind === 'unknown');
const ids = (outcomes: readonly Outcome[]) => unknown(outcomes).map(({ check: { id } }) => id);

const scriptFor = (role: string, login = true) =>
  grantScript(neededGrants(builtIn, role), { role, login, major: 18, checks: builtIn.length });

describe('the script of verify --print-grants', () => {
  it('lets a role see what the checks look at, but for what it says it does not grant', async () => {
    const role = `Night "ly`;
    const script = scriptFor(role);
    await onServer(server.url(), `create role ${ident(role)} login`);
    const before = await look('lab', role);
    expect(ids(before)).toEqual(expect.arrayContaining(['ext-preload', 'imm-permit', 'imm-registry', 'set-pending', ...SECRET]));
    await onServer(server.url('lab'), script, script);
    const after = await look('lab', role);
    expect(ids(after)).toEqual(SECRET);
    expect(kinds(after)).not.toContain('imm-registry-access found');
    // What it takes back is everything.
    const undo = script.slice(script.indexOf('-- To take it all back')).matchAll(/^-- {3}(.*)$/gm);
    await onServer(server.url('lab'), ...[...undo].map(([, statement = '']) => statement));
  });

  it('holds every fix of a check that cannot look, also where PUBLIC has lost what it has', async () => {
    const role = 'shut_out';
    await onServer(server.url(), `create role ${role} login`);
    const script = scriptFor(role);
    const blind = unknown(await look('shut', role));
    const needing = neededGrants(builtIn, role).filter(({ statement }) => !statement.includes('current_setting'));
    expect(blind.map(({ check: { id } }) => id).toSorted()).toEqual(
      [...new Set(needing.flatMap(({ checks }) => checks))].toSorted(),
    );
    for (const outcome of blind)
      for (const fix of (outcome.kind === 'unknown' ? (outcome.fix ?? '') : '').split('\n'))
        if (!SECRET.includes(outcome.check.id) || fix.startsWith('grant')) expect(script, outcome.check.id).toContain(fix);
    // With what it has as comments, nothing is left but what is said.
    const all = script.slice(0, script.indexOf('-- To take it all back')).replaceAll(/^-- (grant (?!.*pg_authid ).*)$/gm, '$1');
    const guards = /^(grant .* dbctl[ .].*)$/gm;
    await onServer(server.url('shut'), all.replaceAll(guards, ''));
    expect(ids(await look('shut', role)).filter((id) => !id.startsWith('imm-'))).toEqual(SECRET);
  });

  it('makes a group where a login of its own is not wanted', async () => {
    const script = scriptFor('lookers', false);
    expect(script).toContain('create role "lookers" nologin;');
    await onServer(server.url(), 'create role ci login in role pg_monitor');
    await onServer(server.url('lab'), script, 'grant lookers to ci');
    expect(ids(await look('lab', 'ci'))).toEqual(SECRET);
  });

  it('has no password, and grants nothing that shows one', () => {
    const script = scriptFor('dbctl_verify');
    const run = script.split('\n').filter((line) => !line.startsWith('--'));
    expect(run.join('\n')).not.toMatch(/password|pg_authid|pg_shadow|pg_user_mapping\b/);
  });
});

const kinds = (outcomes: readonly Outcome[]) => outcomes.map(({ kind, check: { id } }) => `${id} ${kind}`);

it('knows what the server closes to PUBLIC', async () => {
  await withClient(server.url(), async (client) => {
    const names = async (query: string) => (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);
    expect(
      await names(
        `select relname as name from pg_catalog.pg_class c where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v')
            and not pg_catalog.has_table_privilege('public', c.oid, 'select') order by 1`,
      ),
    ).toEqual(Object.keys(CLOSED_RELATIONS));
    expect(
      await names(
        `select distinct proname as name from pg_catalog.pg_proc p where pronamespace = 'pg_catalog'::regnamespace
            and not pg_catalog.has_function_privilege('public', p.oid, 'execute') order by 1`,
      ),
    ).toEqual([...CLOSED_FUNCTIONS].toSorted());
    await client.query('create temp table seen as select name from pg_catalog.pg_settings; grant select on seen to public');
    await client.query('create role sees_nothing; set role sees_nothing');
    const hidden = await names('select name from seen except select name from pg_catalog.pg_settings order by 1');
    expect(hidden).toEqual([...HIDDEN_SETTINGS].filter((name) => name !== 'ssl_ecdh_curve').toSorted());
  });
});
