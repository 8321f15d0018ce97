import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { parseRolesFile, type RolesFile } from '../../../src/config/roles/load.ts';
import { ident } from '../../../src/db/ident.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { applyRoles } from '../../../src/ops/roles/apply/apply.ts';
import { readInTransaction } from '../../../src/ops/roles/catalog/read.ts';
import { desiredState } from '../../../src/ops/roles/desired/state.ts';
import { differences } from '../../../src/ops/roles/difference/differences.ts';
import type { Comparison } from '../../../src/ops/roles/difference/inputs.ts';
import { planRoles } from '../../../src/ops/roles/plan/plan.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { prepareTemplate } from '../../support/template.ts';

let server: TestServer;
let file: RolesFile;
beforeAll(async () => {
  server = await startServer();
  const template = await prepareTemplate(server.url());
  if (!('name' in template)) throw new Error(template.problem);
  await onServer(server.url(), `create database lab template ${ident(template.name)}`);
  const path = fileURLToPath(new URL('../../../roles.yaml', import.meta.url));
  file = parseRolesFile(await readFile(path, 'utf8'), 'roles.yaml', 'dev');
});
afterAll(() => server.stop());

async function compared(session: Session): Promise<Comparison> {
  const catalog = await readInTransaction(session);
  const inputs = { catalog, insertable: new Map(), guardedSchemas: [], today: '2026-11-21' };
  return { file, desired: desiredState(file, inputs), catalog, guarded: null, today: '2026-11-21' };
}

async function plan(session: Session) {
  const comparison = await compared(session);
  return planRoles(differences(comparison), comparison);
}

describe('the roles of the reference project', () => {
  test('are applied, and then there is nothing to do', async () => {
    await withSession(server.target('lab'), { access: 'write' }, async (session) => {
      const agreed = await plan(session);
      const signal = new AbortController().signal;
      await applyRoles(session, { agreed, planAgain: plan, progress: silentProgress, signal });
      const again = await plan(session);
      expect(again).toEqual({ gives: [], takes: [], left: [] });
    });
  });
});
