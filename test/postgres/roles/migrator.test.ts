import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextMigration } from '../../support/next-migration.ts';
import { expectDone, letLoginsIn, startLab, type ReferenceLab } from './support/reference-lab.ts';

/** A new database, from nothing: what a superuser does once, and what the migrator does from then on (docs/roles.md, A new database). */
let lab: ReferenceLab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.stop());

const SCHEMAS = ['shared', 'identity', 'content', 'execution', 'delivery', 'audit', 'admin', 'billing', 'jobs'];

test('a superuser prepares it: the extension that is not trusted, schema dbctl, the roles', async () => {
  await lab.as(undefined, (client) =>
    client.query('create schema extensions; create extension pg_stat_statements with schema extensions'),
  );
  // There are no tables to guard yet, and so the answer is no.
  expect((await lab.dbctl(['immutability', 'install', '--yes'])).status).toBe(1);
  const applied = await lab.dbctl(['roles', 'apply', '--yes']);
  expect(applied.status).toBe(1);
  expect(applied.items.filter(({ status }) => status === 'fail').map(({ id, message }) => `${id}: ${message}`)).toEqual(
    SCHEMAS.map((schema) => `schema-missing: ${schema}: roles.yaml:11 names the schema, and it is not there`),
  );
  await letLoginsIn(lab);
});

test('the migrator applies every migration, no superuser', async () => {
  const { items, summary } = await expectDone(lab, ['migrate', 'up'], 'lab_migrator');
  const files = readdirSync(join(lab.project, 'migrations')).filter((name) => /^\d+\.do\./.test(name));
  expect(summary).toMatchObject({ applied: files.length });
  const guards = items.filter(({ id }) => id === 'guards');
  expect(guards).toMatchObject([{ status: 'unknown', fix: expect.stringContaining('as a superuser') as string }]);
});

test('a superuser guards the append-only tables, and the rights of all roles follow', async () => {
  await expectDone(lab, ['immutability', 'install', '--yes']);
  await expectDone(lab, ['roles', 'apply', '--yes']);
  const plan = await lab.dbctl(['roles', 'plan']);
  expect(plan).toMatchObject({ status: 0, summary: { gives: 0, takes: 0, left: 0 } });
  expect((await lab.dbctl(['roles', 'audit', '--fail-on', 'high'])).status).toBe(0);
});

test('a migration that makes a table in each schema runs as the migrator, and what it makes is the owner’s', async () => {
  writeFileSync(
    nextMigration(lab.project, 'one-table-each'),
    SCHEMAS.map(
      (schema) => `create table ${schema}.later (
  id bigint generated always as identity, note text, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  constraint later_pkey primary key (id)
);
create trigger set_updated_at before update on ${schema}.later for each row execute function shared.set_updated_at();
`,
    ).join(''),
  );
  const up = await expectDone(lab, ['migrate', 'up'], 'lab_migrator');
  expect(up.summary).toMatchObject({ applied: 1 });
  const { rows } = await lab.as(undefined, (client) =>
    client.query<{ owner: string; tables: number }>(
      `select relowner::regrole::text as owner, count(*)::int as tables from pg_class where relname = 'later' group by 1`,
    ),
  );
  expect(rows).toEqual([{ owner: 'lab_owner', tables: SCHEMAS.length }]);
});

test('future covers who may read it, and the plan has nothing else to do', async () => {
  const plan = await lab.dbctl(['roles', 'plan']);
  expect(plan.items.map(({ message }) => message)).toEqual([]);
  const reads = await lab.as('readonly', async (client) => {
    const { rows } = await client.query<{ readable: string }>(
      `select string_agg(relnamespace::regnamespace::text, ' ' order by 1) as readable from pg_class where relname = 'later' and has_table_privilege(oid, 'select')`,
    );
    return rows[0]?.readable.split(' ').toSorted();
  });
  expect(reads).toEqual(['admin', 'billing', 'content', 'delivery', 'execution', 'jobs']);
});

test('the migrator changes neither append-only tables nor their guards, though it may make tables beside them', async () => {
  await lab.as('lab_migrator', async (client) => {
    await expect(client.query('alter table audit.audit_log add column later text')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('drop schema audit cascade')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('drop event trigger dbctl_3_refuse_ddl')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('drop database lab')).rejects.toMatchObject({
      code: expect.stringMatching(/42501|55006/) as string,
    });
    await client.query('create table audit.beside (a int); drop table audit.beside');
  });
});

test('the migrator sees the history, and what is pending', async () => {
  await expectDone(lab, ['migrate', 'status'], 'lab_migrator');
  await expectDone(lab, ['migrate', 'plan'], 'lab_migrator');
});
