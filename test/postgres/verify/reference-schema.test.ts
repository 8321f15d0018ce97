import { expect, it } from 'vitest';
import { atLeast, type Severity } from '../../../src/core/report.ts';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { isSilent } from '../../../src/ops/verify/outcome.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { withTestDatabase } from '../../support/database.ts';
import { POLICY } from './support.ts';

it('the reference project and schema dbctl pass the checks of tables and indexes', async () => {
  const checks = (await loadChecks([builtInFolder()])).filter(({ group }) => ['schema', 'indexes'].includes(group));
  await withTestDatabase({ template: 'migrated' }, async ({ target }) => {
    const { outcomes } = await withSession(target, { access: 'read' }, (session) =>
      runChecks(session, checks, { policy: POLICY, advisories, clock: () => new Date() }),
    );
    const findings = outcomes.flatMap((outcome) => {
      if (outcome.kind !== 'found') return outcome.kind === 'pass' ? [] : [`${outcome.check.id} ${outcome.kind}`];
      const loud = outcome.findings.filter((finding) => !isSilent(finding));
      const severity = ({ data }: (typeof loud)[number]) => (data['severity'] ?? outcome.check.severity) as Severity;
      return loud.filter((finding) => atLeast(severity(finding), 'low')).map(({ object }) => `${outcome.check.id} ${object}`);
    });
    expect(findings).toEqual([]);
    expect(checks.length).toBeGreaterThanOrEqual(12);
  });
});
