import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { didYouMean } from '../core/header.ts';
import { countByStatus, type Answer } from '../core/report.ts';
import type { ThrowAwayServer } from '../ops/server/throw-away.ts';
import type { Check } from '../ops/verify/check.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'checks test',
  summary: 'try the checks of the project on a server made for it',
  description:
    'Starts a PostgreSQL of the major version of postgres.version, plays every case of checks/cases on it, each in a transaction that is ' +
    'rolled back, and removes it. A check without a case that fails, one that passes and one that cannot look is a finding too. The ' +
    'databases of the project are not touched. Exit 1 when a case does not hold.',
  effect: 'reads',
  args: [{ name: '[ids...]', description: 'these checks only (default: all of the project)' }],
  examples: [
    ['dbctl checks test', 'every case of every check of the project'],
    ['dbctl checks test shop-orders-have-owner', 'while writing one'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { config, folder: root } = await context.config();
  const folder = resolve(root, config.verify.checks);
  const own = await ownChecks(folder, config.verify.checks, context);
  const chosen = choose(own, (options['ids'] ?? []) as readonly string[]);
  const { missingKinds, orphans, readCases, runCases } = await import('../ops/verify/cases/run-cases.ts');
  const cased = await readCases(chosen, folder, context.cwd);
  const lost = await orphans(
    own.map(({ id }) => id),
    folder,
    context.cwd,
  );
  const inputs = await inputsOf(context);
  const played = await onServer(context, (server) => runCases(server, cased, inputs));
  const items = [...lost, ...cased.flatMap(missingKinds), ...played];
  const counts = countByStatus(items);
  return {
    ok: counts.fail === 0,
    items,
    summary: { checks: chosen.length, cases: played.length, ...counts },
    view: { hidden: ['pass'] },
  };
}

/** The checks that do not come with dbctl. Fails with config.invalid where there is none: a test of nothing says nothing. */
async function ownChecks(folder: string, shown: string, context: Context): Promise<Check[]> {
  const { builtInFolder, loadChecks } = await import('../ops/verify/load.ts');
  const builtIn = new Set((await loadChecks([builtInFolder()], context.cwd)).map(({ id }) => id));
  const own = (await loadChecks([builtInFolder(), folder], context.cwd)).filter(({ id }) => !builtIn.has(id));
  if (own.length === 0)
    fail('config.invalid', `no checks of your own in ${shown}`, { hint: 'dbctl checks new ID writes a scaffold.' });
  return own;
}

function choose(own: readonly Check[], ids: readonly string[]): readonly Check[] {
  const known = own.map(({ id }) => id);
  const wrong = ids.find((id) => !known.includes(id));
  if (wrong !== undefined)
    fail('usage', `no check "${wrong}" of the project${didYouMean(wrong, known)}`, {
      hint: 'Run dbctl verify --list to see every check with its group.',
    });
  return ids.length === 0 ? own : own.filter(({ id }) => ids.includes(id));
}

async function inputsOf(context: Context) {
  const [{ advisories }, { policyFrom }, { config }] = await Promise.all([
    import('../ops/verify/advisories.ts'),
    import('../ops/verify/policy.ts'),
    context.config(),
  ]);
  return { policy: policyFrom(config), advisories, clock: context.clock, signal: context.signal };
}

async function onServer<T>(context: Context, use: (server: ThrowAwayServer) => Promise<T>) {
  const [{ withThrowAwayServer }, { THROW_AWAY_SETTINGS }, { majorOf }, { config }] = await Promise.all([
    import('../ops/server/throw-away.ts'),
    import('../ops/dev/settings.ts'),
    import('../ops/dev/lines.ts'),
    context.config(),
  ]);
  const major = majorOf(config.postgres.version);
  if (major === undefined)
    fail('config.invalid', `dbctl brings no server of PostgreSQL ${config.postgres.version} to try checks on`, {
      hint: 'postgres.version in dbctl.yaml may be one of 18 or 17.',
    });
  const request = {
    major,
    settings: { ...THROW_AWAY_SETTINGS, timezone: 'UTC', log_timezone: 'UTC' },
    uid: process.getuid?.(),
    progress: context.progress,
    signal: context.signal,
  };
  return withThrowAwayServer(request, use);
}
