import { silentProgress } from '../../../../src/core/progress.ts';
import { parseRolesFile } from '../../../../src/config/roles/load.ts';
import { withSession, type Session } from '../../../../src/db/session.ts';
import { applyRoles, type Applied } from '../../../../src/ops/roles/apply/apply.ts';
import { planOf } from '../../../../src/ops/roles/audit/accepted.ts';
import { differenceFindings } from '../../../../src/ops/roles/audit/difference-findings.ts';
import type { Finding } from '../../../../src/ops/roles/audit/finding.ts';
import { whoReaches } from '../../../../src/ops/roles/audit/reached-by.ts';
import { readInTransaction } from '../../../../src/ops/roles/catalog/read.ts';
import { readNamedColumns } from '../../../../src/ops/roles/desired/columns.ts';
import { desiredState } from '../../../../src/ops/roles/desired/state.ts';
import { differences } from '../../../../src/ops/roles/difference/differences.ts';
import type { Comparison } from '../../../../src/ops/roles/difference/inputs.ts';
import type { RolePlan } from '../../../../src/ops/roles/plan/plan.ts';
import type { ConnectionTarget } from '../../../../src/runtime/connection/target.ts';

/** A roles.yaml on a database, without the command line: what audit, plan and apply do. */
export interface RolesProject {
  audit(): Promise<readonly Finding[]>;
  plan(): Promise<RolePlan>;
  /** Plans, and does it. */
  apply(): Promise<Applied>;
  /** Does a plan made before. */
  applyAgreed(agreed: RolePlan): Promise<Applied>;
}

/** Fails as parseRolesFile does. */
export function rolesProject(target: ConnectionTarget, yaml: string, today = '2026-11-21'): RolesProject {
  const file = parseRolesFile(yaml, 'roles.yaml', 'dev');
  const compare = async (session: Session): Promise<Comparison> => {
    const catalog = await readInTransaction(session);
    const columns = await readNamedColumns(session, file);
    const inputs = { catalog, insertable: new Map(), columns, guardedSchemas: [], today };
    return { file, desired: desiredState(file, inputs), catalog, guarded: null, today };
  };
  const planAgain = async (session: Session): Promise<RolePlan> => planOf(await compare(session));
  const write = <T>(use: (session: Session) => Promise<T>): Promise<T> => withSession(target, { access: 'write' }, use);
  const options = { planAgain, progress: silentProgress, signal: new AbortController().signal };
  return {
    audit: () =>
      write(async (session) => {
        const comparison = await compare(session);
        return differenceFindings(differences(comparison), comparison, whoReaches(comparison.catalog));
      }),
    plan: () => write(planAgain),
    apply: () => write(async (session) => applyRoles(session, { ...options, agreed: await planAgain(session) })),
    applyAgreed: (agreed) => write((session) => applyRoles(session, { ...options, agreed })),
  };
}
