import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessReview } from '../../../src/ops/evidence/review.ts';
import { cliReport, type CliReport } from '../../support/cli-report.ts';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';

const ROLES = `version: 1
owner: shop_owner
schemas: [shop]
roles:
  shop_owner: { purpose: owns the schema of the shop }
  shop_web:
    purpose: the web application of the shop
    login: true
    connection_limit: 5
    settings: { application_name: shop }
    grants: [{ on: [shop.orders], privileges: [select, insert] }]
`;

/** A project that has neither migrations, guards, backups nor git, and that says nothing about evidence. */
describe.each([18, 17] as const)('a bare project on PostgreSQL %i', (major) => {
  let server: TestServer;
  let folder: string;
  const dbctl = (...args: readonly string[]): Promise<CliReport> =>
    cliReport(args, { cwd: folder, env: { SHOP_URL: databaseUrl(server.url(), 'shop'), GIT_CEILING_DIRECTORIES: tmpdir() } });
  beforeAll(async () => {
    server = await startServer({ major });
    await onServer(server.url(), 'create database shop');
    await onServer(
      server.url('shop'),
      'create role shop_owner',
      'create schema shop authorization shop_owner',
      'set role shop_owner; create table shop.orders (id int); reset role',
    );
    folder = mkdtempSync(join(tmpdir(), 'dbctl-bare-'));
    const config = 'version: 1\nproject: shop\nenvironments: { dev: { url: { variable: SHOP_URL } } }\n';
    writeFileSync(join(folder, 'dbctl.yaml'), config);
    writeFileSync(join(folder, 'roles.yaml'), ROLES);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is told how to make a key, before anything is read', async () => {
    const report = await dbctl('evidence', 'export');
    expect(report.status).toBe(2);
    expect(report.error).toMatchObject({
      code: 'config.invalid',
      message: 'dbctl.yaml names no key to sign access reviews with',
      hint: 'Make one with dbctl ledger key FILE, and name it under ledger.signer.',
    });
    expect(readdirSync(folder).toSorted()).toEqual(['dbctl.yaml', 'roles.yaml']);
    expect(await dbctl('evidence', 'list')).toMatchObject({ status: 0, items: [], summary: { reviews: 0, drills: 0 } });
    expect(await dbctl('evidence', 'verify')).toMatchObject({ status: 0, items: [], summary: { head: null } });
  });

  test('has its reviews beside dbctl.yaml, and what is not kept is no none', async () => {
    await dbctl('ledger', 'key', 'key.pem', '--name', 'shop');
    const file = join(folder, 'dbctl.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}ledger: { signer: { name: shop, key: { file: key.pem } } }\n`);
    const planned = await dbctl('evidence', 'export', '--dry-run');
    // Nobody has applied roles.yaml yet.
    expect(planned).toMatchObject({ status: 1, summary: { answer: 'differs' } });
    expect((await dbctl('roles', 'apply', '--yes')).stderr).not.toContain('not recorded');
    const report = await dbctl('evidence', 'export', '--reviewer', 'Ann');
    expect(report).toMatchObject({ status: 0, summary: { answer: 'as declared, as far as was seen', unseen: 1 } });
    const path = join(folder, 'evidence/access-reviews/dev');
    const name = readdirSync(path).find((one) => one.endsWith('.json')) ?? '';
    const record = JSON.parse(readFileSync(join(path, name), 'utf8')) as AccessReview;
    expect(record.unseen).toEqual([
      {
        what: 'runs of dbctl',
        why: 'this database keeps no records of them',
        fix: 'dbctl migrate up makes schema dbctl, which keeps them',
      },
    ]);
    const { loans, unlocks, permits, refused, runs } = record;
    expect([unlocks, permits, refused, runs].map(({ state }) => state)).toEqual(Array(4).fill('not there'));
    expect(loans).toEqual({ state: 'seen', rows: [], more: 0 });
    expect(record.logins).toMatchObject({
      countedSince: null,
      rows: [{ login: 'postgres' }, { login: 'shop_web', statements: null }],
    });
    expect(record.declaration.git).toBe(null);
    expect(record.declaration.whyNot).toContain('not a git repository');
    const web = record.roles.find((one) => one.name === 'shop_web');
    expect(web?.facts).toContainEqual({ about: 'may', text: 'shop, tables: INSERT, SELECT' });
    const text = readFileSync(join(path, name.replace('.json', '.md')), 'utf8');
    expect(text).toContain('This database keeps no such records.');
    expect(text).toContain('Nothing here counts statements');
    expect(await dbctl('evidence', 'verify')).toMatchObject({ status: 0, summary: { reports: 1, broken: 0 } });
  });
});
