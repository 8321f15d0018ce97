import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { ServerState } from '../ops/dev/engine.ts';
import type { DevStatus } from '../ops/dev/status.ts';
import type { Context } from './context.ts';
import { devScope, namedMajor, readableDuration, readableSize, VERSION_OPTION } from './dev-settings.ts';

export const spec: CommandSpec = {
  name: 'dev status',
  summary: 'say whether the development server runs, and where',
  description: 'It is tried, not looked up: the server is connected to and asked. Status 1 when it does not run.',
  effect: 'reads',
  options: [VERSION_OPTION],
  examples: [
    ['dbctl dev status', 'version, port, data folder, size, databases'],
    ['dbctl dev status --format json', 'the same for programs'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ devStatus }, { chosenMajor }] = await Promise.all([import('../ops/dev/status.ts'), import('../ops/dev/recorded.ts')]);
  const { environment, project } = await devScope(context);
  const major = namedMajor(options) ?? (await chosenMajor(environment, project));
  const status = await devStatus(environment, project, major, context);
  const { found, state } = status;
  const running = found.kind === 'running';
  return {
    ok: running,
    items: itemsOf(status),
    summary: { running, state: found.kind, databases: status.databases.length },
    view: {
      columns: [
        { field: 'id', title: '' },
        { field: 'message', title: 'value' },
      ],
      notes: running ? [`Its log is in ${state.logs}.`] : ['Start it with: dbctl dev up'],
    },
  };
}

function itemsOf({ engine, version, dataFolder, bytes, found, databases, state }: DevStatus): readonly Item[] {
  const fact = (id: string, value: string | number, message = String(value)): Item =>
    item({ id, object: state.name, message, value });
  const facts = [
    item({
      id: 'state',
      object: state.name,
      message: describe(found),
      value: found.kind,
      ...(found.kind === 'running' ? {} : { status: 'fail', severity: 'info', fix: 'dbctl dev up' }),
    }),
    fact('engine', engine),
    fact('version', version),
    fact('data', dataFolder),
    ...(bytes === undefined ? [] : [fact('size', bytes, readableSize(bytes))]),
  ];
  if (found.kind !== 'running') return facts;
  const { pid, port, uptimeSeconds } = found.server;
  return [
    ...facts,
    fact('pid', pid),
    fact('port', port),
    fact('uptime', uptimeSeconds, readableDuration(uptimeSeconds)),
    ...databases.map(({ name, bytes: size, template }) =>
      item({
        id: `database ${name}`,
        object: name,
        message: `${readableSize(size)}${template ? ', template of dev reset' : ''}`,
        value: size,
        template,
      }),
    ),
  ];
}

function describe(found: ServerState): string {
  switch (found.kind) {
    case 'absent':
      return 'there is none';
    case 'stopped':
      return found.crashed ? 'crashed' : 'stopped';
    case 'starting':
      return 'starting or stopping';
    case 'locked-out':
      return 'running, and its password is not the one dbctl gave it; dbctl dev up gives it a new one';
    case 'silent':
      return `processes ${found.pids.join(', ')} live and nothing answers; dbctl dev up clears them`;
    case 'running':
      return 'running';
  }
}
