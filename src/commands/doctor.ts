import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { countByStatus, item, type Answer, type Item, type Target } from '../core/report.ts';
import type { Context } from './context.ts';
import { expectedOf } from './db-context.ts';
import { toolPlaces } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'doctor',
  summary: 'look at everything dbctl needs, and say what is missing',
  description:
    'Node.js, the project file, the connection and what the role may do there, client programs, the embedded server, a container engine. ' +
    'Changes nothing. Exit 1 when something is missing that most commands need.',
  effect: 'reads',
  examples: [
    ['dbctl doctor', 'is this machine ready?'],
    ['dbctl doctor --env prod', 'and can it reach production, as whom, with which rights?'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const { examineNode, examineClientPrograms, examineContainerEngine } = await import('../ops/doctor/machine.ts');
  const { examineEmbedded } = await import('../ops/doctor/embedded.ts');
  const { item: settings, pin } = await examineConfig(context);
  const major = Number(pin.split('.')[0]);
  const usable = settings.status === 'pass';
  const { items: server, target } = usable ? await examineConnection(context, pin) : { items: [], target: null };
  const machine = [examineEmbedded(major), await examineContainerEngine()];
  const programs = await examineClientPrograms(await toolPlaces(context, null), major);
  const items = [examineNode(context.nodeVersion), settings, ...server, ...machine, ...programs];
  const needed = items.filter(({ status, severity }) => status === 'fail' && severity !== 'low' && severity !== 'info');
  return {
    ok: needed.length === 0,
    items,
    summary: countByStatus(items),
    target,
    view: {
      notes: [verdict(items, needed)],
    },
  };
}

function verdict(items: readonly Item[], needed: readonly Item[]): string {
  if (needed.length > 0) return `${needed.length} to mend first: ${needed.map(({ id }) => id).join(', ')}.`;
  const low = items.filter(({ status }) => status === 'fail').length;
  return low === 0 ? 'Ready.' : `Ready. What is said to fail (${low}) some commands need, and most do not.`;
}

async function examineConfig(context: Context): Promise<{ item: Item; pin: string }> {
  const { PIN } = await import('../core/pin.ts');
  try {
    const { config, file, environment } = await context.config();
    const message =
      file === null ? 'no project file: defaults, and DATABASE_URL or PG*' : `read, environment ${environment.name}`;
    return { item: item({ id: 'config', object: file ?? 'dbctl.yaml', message }), pin: config.postgres.version };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    const found = item({
      id: 'config',
      object: 'dbctl.yaml',
      status: 'fail',
      severity: 'high',
      message: thrown.message,
      fix: thrown.hint ?? null,
      detail: thrown.detail ?? null,
    });
    return { item: found, pin: PIN };
  }
}

async function examineConnection(context: Context, pin: string): Promise<{ items: Item[]; target: Target | null }> {
  const { examineServer, unreachable } = await import('../ops/doctor/server.ts');
  const { environment } = await context.config();
  try {
    return await context.withDatabase({ access: 'read' }, async (session) => ({
      items: [...(await examineServer(session, pin, environment.embedded)), ...(await examineIdentity(context))],
      target: context.target(session),
    }));
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.code === 'interrupted') throw thrown;
    return { items: [unreachable(thrown)], target: null };
  }
}

/** With an expected identity every session was compared with it already, and another server is no connection at all. */
async function examineIdentity(context: Context): Promise<Item[]> {
  const { environment } = await context.config();
  const expected = await expectedOf(context);
  if (expected !== null) return [item({ id: 'identity', object: expected.from, message: 'says which server it is, and it is' })];
  if (!environment.protected) return [];
  const message = 'nothing says which server it is: an address may lead to another one, and no command would know';
  const fix = `dbctl db identify --env ${environment.name}`;
  return [item({ id: 'identity', object: environment.name, status: 'fail', severity: 'low', message, fix })];
}
