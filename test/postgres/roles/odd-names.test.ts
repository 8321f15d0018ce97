import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { rolesProject } from './support/project.ts';

/** Names of objects that have to be quoted, by roles.yaml and by SQL; names of roles are plain. */
const YAML = `version: 1
owner: boss
schemas: [app, Größe, we ird]
roles:
  boss: { purpose: owns the schemas }
  Web:
    purpose: a role with a capital letter
    login: true
    grants:
      - { on: ['"Größe".*'], use: write, future: true, except: ['"Größe"."no*"'] }
      - { on: ['app."We ird"', 'app."do.t"'], use: read }
      - { on: ['app."q""uote"'], select: [Größe, 'a, b', 'quo"te', order] }
      - { sequences: ['app."Count er"'] }
      - { routines: ['app."Do it"(integer, text)', 'we*.*'] }
      - { types: ['app."Mood"'] }
row_security: { 'app."We ird"': { policies: ['See, "own"'] } }
`;

const SQL: readonly string[] = [
  'create schema app; create schema "Größe"; create schema "we ird"',
  `create table app."We ird" (a int); create policy "See, ""own""" on app."We ird" using (true)`,
  'create table app."do.t" (a int)',
  'create table app."q""uote" ("Größe" int, "a, b" int, "quo""te" int, "order" int, secret int)',
  'create table "Größe"."user" (a int); create table "Größe".x1 (a serial); create table "Größe"."no*" (a int)',
  'create sequence app."Count er"',
  `create function app."Do it"(a int, b text default ') (') returns int language sql return 1`,
  `create function "we ird"."f(x)"() returns int language sql return 1; create type app."Mood" as enum ('good')`,
  `create table "Größe"."Längste${'x'.repeat(54)}" (a int)`,
];

describe.each([18, 17] as const)('objects with odd names on PostgreSQL %i', (major) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ major });
    await onServer(server.url(), 'create database odd');
    await onServer(server.url('odd'), ...SQL);
  });
  afterAll(() => server.stop());

  test('are granted, found and taken away, and then there is nothing to do', async () => {
    const project = rolesProject(server.target('odd'), YAML);
    expect((await project.plan()).left).toEqual([]);
    await project.apply();
    expect(await project.plan()).toEqual({ gives: [], takes: [], left: [] });
    await onServer(
      server.url('odd'),
      'revoke select ("a, b") on app."q""uote" from "Web"',
      'grant select on "Größe"."no*" to "Web" with grant option',
      'alter table app."do.t" owner to postgres',
      'alter role "Web" in database odd set search_path to "We ird"',
    );
    const found = await project.audit();
    expect(found.map(({ id, object }) => `${id} ${object}`).toSorted()).toEqual([
      'grant-excess Web: select on table "Größe"."no*"',
      'grant-missing Web: select ("a, b") on table app."q""uote"',
      'object-owner app."do.t"',
      'role-setting Web search_path',
    ]);
    await project.apply();
    expect(await project.plan()).toEqual({ gives: [], takes: [], left: [] });
  });

  test('what a role that the file does not name has is taken back by the statement that the finding says', async () => {
    const project = rolesProject(server.target('odd'), YAML);
    await onServer(server.url('odd'), 'create role "Stran ger"', 'grant select on app."We ird" to "Stran ger"');
    const [found, ...others] = (await project.audit()).filter(({ role }) => role === 'Stran ger');
    expect(others).toEqual([]);
    expect(found?.fix).toBe('revoke select on table app."We ird" from "Stran ger"');
    await onServer(server.url('odd'), found?.fix ?? '');
    expect((await project.audit()).filter(({ role }) => role === 'Stran ger')).toEqual([]);
  });

  test('a role named "PUBLIC" is not taken for PUBLIC', async () => {
    const project = rolesProject(server.target('odd'), YAML);
    await onServer(server.url('odd'), 'create role "PUBLIC"', 'grant boss to "PUBLIC"', 'grant usage on schema app to "PUBLIC"');
    try {
      for (const act of ['plan', 'audit', 'apply'] as const)
        await expect(project[act]()).rejects.toMatchObject({
          code: 'refused',
          message: 'a role is named "PUBLIC", and nobody could tell its rights from those of PUBLIC, which everybody has',
        });
    } finally {
      await onServer(server.url('odd'), 'drop owned by "PUBLIC"', 'drop role "PUBLIC"');
    }
  });

  test.each(['none', 'public', 'PUBLIC'])('%s is no name for a role of the file', (name) => {
    const yaml = YAML.replace('  Web:', `  ${name}:`);
    expect(() => rolesProject(server.target('odd'), yaml)).toThrow('and is not none or public');
  });

  test('a file that grants nothing takes everything away, twice the same', async () => {
    const nothing = rolesProject(
      server.target('odd'),
      YAML.slice(0, YAML.indexOf('    grants:')) + YAML.slice(YAML.indexOf('row_security')),
    );
    expect((await nothing.plan()).gives).toEqual([]);
    expect((await nothing.plan()).takes.length).toBeGreaterThan(8);
    await nothing.apply();
    expect(await nothing.plan()).toEqual({ gives: [], takes: [], left: [] });
  });
});
