import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { EngineName } from '../ops/dev/record.ts';
import type { UpOutcome } from '../ops/dev/up.ts';
import type { Context } from './context.ts';
import { devScope, namedMajor, VERSION_OPTION } from './dev-settings.ts';

export const spec: CommandSpec = {
  name: 'dev up',
  summary: 'start the development server of this project, and create its database',
  description:
    'A real PostgreSQL from npm, at the pin, in the background: it survives the command and the terminal, until `dbctl dev down`. ' +
    'Each project has its own data folder, port and password, kept in files only you can read. It never runs as root: for root it ' +
    'runs as the system user postgres or dbctl. A server that crashed is cleaned up and started again; one that runs stays as it is.',
  effect: 'changes',
  options: [
    { ...VERSION_OPTION, description: 'line of PostgreSQL: 18 or 17 (default: dev.version of dbctl.yaml)' },
    {
      flags: '--engine <engine>',
      description: 'embedded server or container (default: dev.engine of dbctl.yaml)',
      choices: ['embedded', 'container'],
    },
  ],
  examples: [
    ['dbctl dev up', 'start it, or find it running'],
    ['dbctl dev up --version 17', 'the same with PostgreSQL 17, beside the other'],
    ['dbctl dev up --engine container', 'in a container of Docker or Podman'],
  ],
};

/** Fails with server.failed when the server cannot be had. */
export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { devUp } = await import('../ops/dev/up.ts');
  const { environment, project } = await devScope(context);
  const dryRun = context.globals.dryRun;
  const engine = options['engine'] as EngineName | undefined;
  const major = namedMajor(options) ?? project.dev.version;
  const outcome = await devUp(environment, project, { major, engine, dryRun }, context);
  return {
    ok: true,
    items: outcome.steps.map(({ id, object, summary, sql }) => item({ id, object, message: summary, detail: sql })),
    summary: summaryOf(outcome, dryRun),
    view: {
      columns: [
        { field: 'message', title: dryRun ? 'would be done' : 'done' },
        { field: 'object', title: 'on' },
      ],
      notes: notes(outcome, dryRun, namedMajor(options)),
    },
  };
}

function summaryOf({ steps, server, database }: UpOutcome, dryRun: boolean): Answer['summary'] {
  const ids = steps.map(({ id }) => id);
  return {
    started: !dryRun && ids.includes('start'),
    created: !dryRun && ids.includes('create'),
    steps: steps.length,
    database,
    ...(server === undefined ? {} : { engine: server.engine, version: server.version, port: server.port, pid: server.pid }),
  };
}

function notes({ steps, server, database }: UpOutcome, dryRun: boolean, major: number | undefined): readonly string[] {
  if (dryRun || server === undefined) return [];
  const words = major === undefined ? '' : ` --version ${major}`;
  const state = steps.some(({ id }) => id === 'start') ? 'runs now' : 'was running already';
  return [
    `PostgreSQL ${server.version} ${state} on port ${server.port}, with the database ${database}.`,
    `Connect with: psql "$(dbctl dev url${words})"`,
  ];
}
