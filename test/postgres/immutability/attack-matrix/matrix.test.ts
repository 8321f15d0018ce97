import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../../src/db/session.ts';
import { installGuards, planInstall } from '../../../../src/ops/immutability/install.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import { ATTACKS } from './attacks.ts';
import { ACTORS, CREATE_ROLES, DIGEST, LABORATORY, SETTINGS, role, type Actor } from './laboratory.ts';

type Level = 'bare' | 'guarded';
/** A server of its own: its roles hold more than other tests may meet. */
let server: TestServer;
const clients = new Map<Level, pg.Client>();
const at = (level: Level): pg.Client => {
  const found = clients.get(level);
  if (found === undefined) throw new Error(`no ${level} laboratory`);
  return found;
};
const connect = async (level: Level) => {
  const client = new pg.Client({ connectionString: server.url(level) });
  await client.connect();
  clients.set(level, client);
};

beforeAll(async () => {
  server = await startServer();
  await onServer(server.url(), ...CREATE_ROLES);
  for (const level of ['bare', 'guarded'] as const) {
    await onServer(server.url(), `create database ${level}`);
    await onServer(server.url(level), LABORATORY);
    await connect(level);
  }
  const result = await withSession(server.target('guarded'), { access: 'write' }, (session) => installGuards(session, SETTINGS));
  expect(result.refusals).toEqual([]);
});

afterAll(async () => {
  for (const client of clients.values()) await client.end();
  await server.stop();
});

interface Outcome {
  readonly code: string;
  readonly changed: boolean;
}

/** One attack by one actor, in a transaction that is rolled back; whether anything differs is asked before that. */
async function attack(level: Level, actor: Actor, statements: readonly string[]): Promise<Outcome> {
  const client = at(level);
  const digest = async () => (await client.query<{ digest: string }>(DIGEST)).rows[0]?.digest ?? 'gone';
  await client.query('begin');
  try {
    const before = await digest();
    await client.query('savepoint attack');
    await client.query(`set local role ${role(actor)}`);
    let code = 'done';
    try {
      for (const statement of statements) await client.query(statement);
      await client.query('reset role');
    } catch (thrown) {
      code = (thrown as pg.DatabaseError).code ?? 'none';
      await client.query('rollback to savepoint attack');
    }
    await client.query('reset session_replication_role');
    return { code, changed: (await digest().catch(() => 'gone')) !== before };
  } finally {
    await client.query('rollback');
  }
}

const everybody: readonly Actor[] = [...ACTORS, 'superuser'];
/** What PostgreSQL itself answers to who has no right, or what our guards answer. */
const REFUSALS = /^(42501|IM00[1-6])$/;
const tally = { runs: 0, byOthers: 0, bySuperuser: [] as string[], refused: 0 };

describe.each(Object.entries(ATTACKS))('%s', (id, statements) => {
  it('works for somebody where nothing is guarded', async () => {
    const outcomes = [];
    for (const actor of everybody) outcomes.push(await attack('bare', actor, statements));
    expect(
      outcomes.some(({ code, changed }) => code === 'done' && changed),
      JSON.stringify(outcomes),
    ).toBe(true);
  });

  it.each(everybody)('changes nothing for %s where the tables are guarded', async (actor) => {
    const { code, changed } = await attack('guarded', actor, statements);
    tally.runs += 1;
    if (actor === 'superuser') {
      if (changed) tally.bySuperuser.push(id);
      return;
    }
    if (changed) tally.byOthers += 1;
    if (code !== 'done') tally.refused += 1;
    expect({ code, changed }).toMatchObject({ changed: false });
    // A grant without the right to grant is only a warning in PostgreSQL, and a view or a parent may hold no row that is reached.
    if (code !== 'done') expect(code).toMatch(REFUSALS);
    else
      expect([
        'grant_update',
        'grant_all_on_schema',
        'view_update',
        'view_delete',
        'fk_delete_cascade',
        'fk_set_null',
        'fk_update_cascade',
      ]).toContain(id);
  });
});

describe('the matrix', () => {
  it('counts: no mutation by anybody but a superuser, and his are the known ones', () => {
    console.log(
      `attack matrix: ${tally.runs} runs of ${Object.keys(ATTACKS).length} attacks by ${everybody.length} actors; ${tally.refused} refused to non-superusers, ` +
        `${tally.byOthers} mutations by non-superusers; superusers got through with ${tally.bySuperuser.join(', ')}`,
    );
    expect(tally.byOthers).toBe(0);
    expect(tally.bySuperuser.toSorted()).toEqual(['catalog_update_pg_trigger', 'event_triggers_off', 'permit_by_hand']);
  });

  /** What a superuser can do nonetheless, for good: status has to find it, each on a copy of the laboratory. */
  it.each([
    [
      'pg_trigger.tgenabled',
      `update pg_catalog.pg_trigger set tgenabled = 'D' where tgrelid = 'lab.log'::regclass and tgname = 'dbctl_guard_row'`,
    ],
    ['pg_class.relhastriggers', `update pg_catalog.pg_class set relhastriggers = false where oid = 'lab.log'::regclass`],
    ['pg_proc.prosrc', `update pg_catalog.pg_proc set prosrc = 'begin return new; end' where proname = 'refuse_row_change'`],
    ['pg_proc.proisstrict', `update pg_catalog.pg_proc set proisstrict = true where proname = 'permitted'`],
    [
      'pg_attribute names',
      `update pg_catalog.pg_attribute set attname = 'swapped' where attrelid = 'lab.log'::regclass and attname = 'note'`,
    ],
    ['pg_inherits', `delete from pg_catalog.pg_inherits where inhrelid = 'lab.history_01'::regclass`],
    ['pg_class.relowner', `update pg_catalog.pg_class set relowner = 10 where oid = 'lab.log'::regclass`],
    [
      'pg_class.relacl',
      `update pg_catalog.pg_class set relacl = relacl || '=d/postgres'::aclitem where oid = 'lab.log'::regclass`,
    ],
    ['reassign owned', 'reassign owned by dbctl_protected to postgres'],
    ['event triggers off, then DDL', `set event_triggers = off; alter table lab.log drop column k`],
    ['event trigger dropped', 'drop event trigger dbctl_4_refuse_drop'],
    ['permits that never end', 'alter table dbctl.permit disable trigger permit_ends'],
    ['violations uncounted', 'delete from dbctl.violation_counter'],
    ['a table out of the registry', `delete from dbctl.protected_relation where relation = 'lab.history_01'::regclass`],
  ])('a superuser’s change of %s is found by status', async (_, sql) => {
    await at('guarded').end();
    await onServer(server.url(), 'drop database if exists copy with (force)', 'create database copy template guarded');
    await connect('guarded');
    const plan = () => withSession(server.target('copy'), { access: 'read' }, (session) => planInstall(session, SETTINGS));
    expect((await plan()).drift).toEqual([]);
    expect((await plan()).steps).toEqual([]);
    await onServer(server.url('copy'), sql);
    const found = await plan();
    expect(found.drift.length + found.steps.length).toBeGreaterThan(0);
  });
});
