import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { devScope, namedMajor, VERSION_OPTION } from './dev-settings.ts';

export const spec: CommandSpec = {
  name: 'dev down',
  summary: 'stop the development server of this project',
  description:
    'Sessions are ended and nothing committed is lost: `dbctl dev up` brings the same server back on the same port. With --purge the ' +
    'server is deleted with every database in it, after a question; not while rows of a running one are held (dbctl retention holds).',
  effect: 'changes',
  options: [VERSION_OPTION, { flags: '--purge', description: 'delete its data as well' }],
  examples: [
    ['dbctl dev down', 'stop it and keep the data'],
    ['dbctl dev down --purge --yes', 'stop it and delete everything it held'],
  ],
};

/** Fails with server.failed when the server does not stop, with refused when the answer to the question is no. */
export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ devDown }, { chosenMajor }] = await Promise.all([import('../ops/dev/down.ts'), import('../ops/dev/recorded.ts')]);
  const { environment, project } = await devScope(context);
  const { dryRun } = context.globals;
  const major = namedMajor(options) ?? (await chosenMajor(environment, project));
  const purge = options['purge'] === true;
  if (purge && !dryRun) {
    await context.confirm(`Delete the development server (PostgreSQL ${major}) of ${project.project} with every database in it?`);
  }
  const steps = await devDown(environment, project, { major, purge, dryRun }, context);
  const stopped = steps.some(({ id }) => id === 'stop');
  const purged = steps.some(({ id }) => id === 'purge');
  return {
    ok: true,
    items: steps.map(({ id, object, summary }) => item({ id, object, message: summary })),
    summary: { stopped: !dryRun && stopped, purged: !dryRun && purged, steps: steps.length },
    view: {
      columns: [
        { field: 'message', title: dryRun ? 'would be done' : 'done' },
        { field: 'object', title: 'on' },
      ],
      notes: dryRun ? [] : [result(stopped, purged)],
    },
  };
}

function result(stopped: boolean, purged: boolean): string {
  const first = stopped ? 'The development server is stopped' : 'The development server was not running';
  return purged ? `${first}, and its data is deleted.` : `${first}.`;
}
