import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRoles } from '../../../../src/ops/roles/audit/audit.ts';
import { startServer, type TestServer } from '../../../support/server.ts';
import { prepareTemplate } from '../../../support/template.ts';
import { onServer } from '../../../support/connection.ts';
import { ident } from '../../../../src/db/ident.ts';
import { withSession } from '../../../../src/db/session.ts';
import { silentProgress } from '../../../../src/core/progress.ts';
import { applyRoles } from '../../../../src/ops/roles/apply/apply.ts';
import { differences } from '../../../../src/ops/roles/difference/differences.ts';
import { planRoles } from '../../../../src/ops/roles/plan/plan.ts';
import { atLeast } from '../../../../src/core/report.ts';
import { readAudit } from './support.ts';

let server: TestServer;
let text: string;
beforeAll(async () => {
  server = await startServer();
  const template = await prepareTemplate(server.url());
  if (!('name' in template)) throw new Error(template.problem);
  await onServer(server.url(), `create database lab template ${ident(template.name)}`);
  text = await readFile(fileURLToPath(new URL('../../../../roles.yaml', import.meta.url)), 'utf8');
});
afterAll(() => server.stop());

describe('the reference project after roles apply', () => {
  test('is clean at medium and above, and says what it has accepted', async () => {
    await withSession(server.target('lab'), { access: 'write' }, async (session) => {
      const plan = async () => {
        const { comparison } = await readAudit(session, text);
        return planRoles(differences(comparison), comparison);
      };
      const signal = new AbortController().signal;
      await applyRoles(session, { agreed: await plan(), planAgain: plan, progress: silentProgress, signal });
      const { comparison, details } = await readAudit(session, text);
      const findings = auditRoles(comparison, details);
      expect(findings.filter(({ status, severity }) => status === 'fail' && atLeast(severity, 'medium'))).toEqual([]);
      expect(findings.filter(({ status }) => status === 'unknown')).toEqual([]);
      expect(findings.filter(({ status }) => status === 'waived').map(({ id, object }) => `${id}: ${object}`)).toEqual([
        'bypassrls-login: backup BYPASSRLS',
        'replication-login: backup REPLICATION',
        'pg-read-all-data: backup in pg_read_all_data',
      ]);
    });
  });
});
