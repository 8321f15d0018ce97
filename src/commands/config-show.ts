import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { ShownValue } from '../config/shown.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'config show',
  summary: 'Show the configuration in force and where each value comes from',
  description:
    'Reads dbctl.yaml with the overlay of the environment, DBCTL_… variables and flags, and connects to nothing. ' +
    'Secrets are never part of the configuration: only the names of the variables and files that hold them are shown.',
  effect: 'reads',
  examples: [
    ['dbctl config show', 'every key of the environment dev'],
    ['dbctl config show --env prod --format json', 'the same for prod, for programs'],
  ],
};

/** One item a key, in the order of the reference. Fails with config.invalid, listing every problem. */
export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const [loaded, { shownValues }] = await Promise.all([context.config(), import('../config/shown.ts')]);
  const values = shownValues(loaded);
  return {
    ok: true,
    items: values.map(toItem),
    summary: { environment: loaded.environment.name, file: loaded.file, keys: values.length, origins: countByOrigin(values) },
    target: null,
    view: {
      title: `environment ${loaded.environment.name}${loaded.environment.protected ? ' (protected)' : ''}`,
      columns: [
        { field: 'object', title: 'key' },
        { field: 'message', title: 'value' },
        { field: 'from', title: 'from' },
      ],
      notes: notes(loaded),
    },
  };
}

function toItem({ key, text, value, origin, from }: ShownValue): Item {
  return item({ id: key, object: key, message: text, value, from, origin: { ...origin } });
}

function countByOrigin(values: readonly ShownValue[]): Record<ShownValue['origin']['kind'], number> {
  const counts = { default: 0, file: 0, overlay: 0, variable: 0, flag: 0 };
  for (const { origin } of values) counts[origin.kind] += 1;
  return counts;
}

function notes({ config, environment, file, warnings }: LoadedConfig): string[] {
  const others = Object.keys(config.environments).filter((name) => name !== environment.name);
  return [
    file === null ? 'There is no dbctl.yaml here or in a folder above: defaults hold.' : `Read from ${file}.`,
    ...(others.length === 0 ? [] : [`Other environments: ${others.join(', ')}.`]),
    ...(environment.url === undefined && !environment.embedded
      ? ['The connection URL comes from the variable DATABASE_URL.']
      : []),
    ...warnings,
  ];
}
