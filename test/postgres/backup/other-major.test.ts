import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { createDatabase } from '../../../src/ops/restore/preflight.ts';
import { restoreLogical } from '../../../src/ops/restore/restore.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { QUIET, backupBench } from './support.ts';

const bench = backupBench({ major: 17 });
let newer: TestServer;
const ROLES = ['create role t_backup_reader', 'create role t_backup_owner'];
beforeAll(async () => {
  newer = await startServer();
}, 180_000);
afterAll(() => newer.stop());

it('a backup of PostgreSQL 17 restored into 18 is compared by the catalogues, which say the same in both', async () => {
  await onServer(bench.server.url(), ...ROLES, 'create database kinds');
  const kinds = readFileSync(new URL('kinds.sql', import.meta.url), 'utf8');
  // Virtual columns came with 18.
  await onServer(bench.server.url('kinds'), kinds.replace('(id * 2) virtual', '(id * 2) stored'));
  const manifest = await bench.create('kinds');
  await onServer(newer.url(), ...ROLES, createDatabase('restored', manifest.source));
  const target = newer.target('restored');
  const { parts } = await withSession(target, { access: 'write', statementTimeoutMs: 0 }, (session) =>
    restoreLogical(session, { ...QUIET, repository: bench.repository, manifest, target, tools: bench.tools, jobs: 2 }),
  );
  expect(parts.filter(({ differences }) => differences === null || differences.length > 0)).toEqual([]);
}, 120_000);
