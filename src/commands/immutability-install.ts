import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { GuardPlan } from '../ops/immutability/plan.ts';
import type { Context } from './context.ts';
import { recordChanges } from './run-record-context.ts';

export const spec: CommandSpec = {
  name: 'immutability install',
  summary: 'guard the append-only tables of dbctl.yaml',
  description:
    'Each table of immutability.tables and each of its partitions gets guards that refuse update, delete and truncate, always enabled; ' +
    'the tables go to a role nobody can become, which may not change rows either; grants that could open them are taken away; and event ' +
    'triggers refuse DDL that would change what the rows say. New partitions are guarded in the command that creates them. Prevention ' +
    'for every role that is not superuser; superusers are detected, by `dbctl ledger`. Shows what it will do and asks. Where the server ' +
    'does not allow a layer it says which, and what that leaves open. Tables it cannot protect as they are stay as they are (exit 1).',
  effect: 'changes',
  options: [
    { flags: '--repair', description: 'put back guards, owners, grants and functions that are not as they were left' },
    {
      flags: '--accept <table>',
      description: 'accept that the definition of this table changed since it was guarded; look at the drift first',
      repeatable: true,
    },
  ],
  examples: [
    ['dbctl immutability install --env dev --dry-run', 'show every statement, and stop'],
    ['dbctl immutability install --env prod', 'show the steps, ask, and guard the tables'],
    ['dbctl immutability install --env prod --repair', 'after looking into a drift: put the guards back'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ installGuards, planInstall }, { schemaUpgrade }, { immutabilitySettings }] = await Promise.all([
    import('../ops/immutability/install.ts'),
    import('../ops/schema/dbctl-schema.ts'),
    import('../ops/immutability/settings.ts'),
  ]);
  const { config } = await context.config();
  const settings = immutabilitySettings(config);
  const mode = {
    repair: options['repair'] === true,
    accept: (options['accept'] ?? []) as readonly string[],
    table: config.migrations.table,
    progress: context.progress,
  };
  const stranger = mode.accept.find((name) => !settings.tables.some((table) => `${table.schema}.${table.name}` === name));
  if (stranger !== undefined)
    fail('usage', `${stranger} is not under immutability.tables in dbctl.yaml`, {
      hint: 'Name the table as it stands there, schema.table.',
    });
  const dryRun = context.globals.dryRun;
  return context.withDatabase({ access: dryRun ? 'read' : 'write', applicationName: 'dbctl immutability' }, async (session) => {
    const plan = await planInstall(session, settings, mode);
    const upgrade = await schemaUpgrade(session);
    if (dryRun || (plan.steps.length === 0 && upgrade === null))
      return answer(plan, dryRun ? 'planned' : 'done', context.target(session), upgrade);
    await context.confirm(question(plan, upgrade));
    const installed = await installGuards(session, settings, mode);
    await recordChanges(session, context, spec.name, {
      repair: mode.repair,
      accept: [...mode.accept],
      steps: installed.steps.length,
      upgrade: upgrade === null ? null : { ...upgrade },
    });
    return answer(installed, 'done', context.target(session), upgrade);
  });
}

interface SchemaUpgrade {
  readonly from: number;
  readonly to: number;
}

const upgradeText = (upgrade: SchemaUpgrade | null): string[] =>
  upgrade === null ? [] : [`Schema dbctl: from version ${upgrade.from} to ${upgrade.to}.`];

function question({ steps, missing }: GuardPlan, upgrade: SchemaUpgrade | null): string {
  const lines = steps.map(({ object, summary }) => `  ${object}: ${summary}`);
  const open = missing.map(({ layer, leavesOpen }) => `  not possible here: ${layer}; ${leavesOpen}`);
  return [...upgradeText(upgrade), `${steps.length} steps:`, ...lines, ...open, 'Go on?'].join('\n');
}

function answer(plan: GuardPlan, state: 'planned' | 'done', target: Answer['target'], upgrade: SchemaUpgrade | null): Answer {
  const { steps, refusals, drift, missing, absent } = plan;
  const items: Item[] = [
    ...refusals.map(({ object, problem, fix }) =>
      item({ id: 'refused', object, status: 'fail', severity: 'high', message: problem, fix }),
    ),
    ...drift.map(({ object, problem, kind, fix }) =>
      item({ id: `drift-${kind}`, object, status: 'fail', severity: 'high', message: problem, fix }),
    ),
    ...missing.map(({ layer, why, leavesOpen, fix }) =>
      item({ id: `layer-${layer}`, object: layer, status: 'skipped', severity: 'medium', message: `${why}: ${leavesOpen}`, fix }),
    ),
    ...steps.map(({ id, object, summary, sql }) => item({ id, object, message: summary, state, sql })),
  ];
  return {
    ok: refusals.length === 0 && drift.length === 0,
    items,
    summary: {
      steps: steps.length,
      refused: refusals.length,
      drift: drift.length,
      missingLayers: missing.length,
      absentRoles: [...absent],
      state,
    },
    target: target ?? null,
    view: {
      columns: [
        { field: 'object', title: 'object' },
        { field: 'id', title: 'step' },
        { field: 'status', title: '' },
        { field: 'message', title: state === 'planned' ? 'what would be done' : 'what was done' },
      ],
      notes: [...upgradeText(upgrade), ...notes(plan, state)],
    },
  };
}

function notes({ steps, drift, missing, absent }: GuardPlan, state: 'planned' | 'done'): string[] {
  const done = state === 'planned' ? `${steps.length} steps would be taken.` : `${steps.length} steps taken.`;
  return [
    steps.length === 0 && drift.length === 0 ? 'Nothing to do: every table is guarded.' : done,
    ...(missing.length === 0
      ? []
      : ['Layers this server or role does not allow are skipped; what that leaves open is said above.']),
    ...(absent.length === 0
      ? []
      : [`Not there yet, and let call nothing: ${absent.join(', ')}. dbctl roles apply makes them and does; or run this again.`]),
    'Prove it: dbctl immutability test',
  ];
}
