import { DbctlError } from '../core/errors.ts';
import type { SeenRepository } from '../ops/verify/backup-facts.ts';
import type { Check } from '../ops/verify/check.ts';
import type { Fact, FactName, Facts } from '../ops/verify/facts.ts';
import type { Backups } from './backup-context.ts';
import type { Context } from './context.ts';

/** Looks for what the checks ask for beside the server, all at once, and each for five seconds at the most. */
export async function verifyFacts(checks: readonly Check[], context: Context): Promise<Facts> {
  const wanted = new Set<string>(checks.flatMap(({ params }) => params));
  const { FACT_NAMES } = await import('../ops/verify/facts.ts');
  const looks: Readonly<Record<FactName, (context: Context) => Promise<Fact>>> = {
    client_tools: clientTools,
    cluster_nodes: clusterNodes,
    backups: (one) => backupFact(one, 'backups'),
    drills: (one) => backupFact(one, 'drills'),
  };
  const found = await Promise.all(
    FACT_NAMES.filter((name) => wanted.has(name)).map(async (name) => [name, await looks[name](context)] as const),
  );
  return Object.fromEntries(found);
}

async function clientTools(context: Context): Promise<Fact> {
  const [{ lookWithin, FACT_PATIENCE_MS }, { findPrograms }, { clientToolsFact }, { toolsContext }] = await Promise.all([
    import('../ops/verify/facts.ts'),
    import('../ops/tools/find.ts'),
    import('../ops/verify/client-tools.ts'),
    import('./tools-context.ts'),
  ]);
  return lookWithin(FACT_PATIENCE_MS, 'the client programs of this machine', 'dbctl tools status', async () => {
    const { places, major } = await toolsContext(context);
    // A container takes half a second to start for each program, and is not what is on this machine.
    const { setting, path, cache } = places;
    return clientToolsFact(await findPrograms({ setting, path, cache }, major));
  });
}

async function clusterNodes(context: Context): Promise<Fact> {
  const [{ FACT_PATIENCE_MS }, { clusterNodesFact }, target] = await Promise.all([
    import('../ops/verify/facts.ts'),
    import('../ops/verify/cluster-nodes.ts'),
    context.connection(),
  ]);
  return clusterNodesFact(target, FACT_PATIENCE_MS, context.signal);
}

async function backupFact(context: Context, which: 'backups' | 'drills'): Promise<Fact> {
  const { config } = await context.config();
  const { env } = context.globals;
  if (config.backup.repositories.length === 0) return { kind: 'absent', reason: 'dbctl.yaml declares no backup.repositories' };
  if (config.environments[env]?.embedded === true)
    return { kind: 'absent', reason: `the server of ${env} is one of dbctl dev up, which is thrown away` };
  const [{ lookWithin, FACT_PATIENCE_MS }, { backupsFact, drillsFact }, { openBackups }] = await Promise.all([
    import('../ops/verify/facts.ts'),
    import('../ops/verify/backup-facts.ts'),
    import('./backup-context.ts'),
  ]);
  const rules = { environment: env, maxAgeMs: config.backup.max_age, drillDays: config.backup.drill_days };
  return lookWithin(FACT_PATIENCE_MS, 'the repository of the backups', 'dbctl backup status', async (late) => {
    const signal = AbortSignal.any([context.signal, late]);
    const backups = await openBackups({ ...context, signal }, undefined);
    const seen = await Promise.all(backups.repositories.map((repository) => look({ ...backups, repository }, which)));
    return which === 'backups' ? backupsFact(seen, rules) : drillsFact(seen, rules);
  });
}

async function look(backups: Backups, which: 'backups' | 'drills'): Promise<SeenRepository> {
  const { name } = backups.repository;
  const [{ knownBackups }, { readReports }] = await Promise.all([
    import('./backup-context.ts'),
    import('../ops/drill/report.ts'),
  ]);
  try {
    return {
      name,
      known: which === 'backups' ? await knownBackups(backups) : [],
      drills: which === 'drills' ? await readReports(backups.repository, backups.publicKeys) : [],
    };
  } catch (thrown) {
    if (thrown instanceof DbctlError) return { name, problem: thrown.message };
    throw thrown;
  }
}
