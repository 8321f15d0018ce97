import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { JsonObject } from '../core/json.ts';
import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'config schema',
  summary: 'Print the JSON Schema of dbctl.yaml, roles.yaml or targets.yaml',
  description:
    'Draft 2020-12, with the meaning of every key. Give it to an editor to complete and check the file while it is written. ' +
    'Reads no project file. With --format json the schema is in summary.schema.',
  effect: 'reads',
  options: [
    {
      flags: '--of <file>',
      description: 'the file whose schema it is',
      choices: ['dbctl.yaml', 'roles.yaml', 'targets.yaml'],
      default: 'dbctl.yaml',
    },
  ],
  examples: [
    ['dbctl config schema > dbctl.schema.json', 'for the comment # yaml-language-server: $schema=dbctl.schema.json'],
    ['dbctl config schema --of roles.yaml > roles.schema.json', 'the same for roles.yaml'],
    ['dbctl config schema --of targets.yaml > targets.schema.json', 'of an inventory, for --targets'],
    ['dbctl config schema --format json', 'inside the report, as summary.schema'],
  ],
};

/** The schema as text for people, in `summary.schema` for programs; there is nothing to list. */
export async function run(options: ParsedOptions, _context: Context): Promise<Answer> {
  const { configJsonSchema, rolesJsonSchema, targetsJsonSchema } = await import('../config/json-schema.ts');
  const schemas = { 'dbctl.yaml': configJsonSchema, 'roles.yaml': rolesJsonSchema, 'targets.yaml': targetsJsonSchema };
  const schema = schemas[(options['of'] ?? 'dbctl.yaml') as keyof typeof schemas]() as JsonObject;
  return { ok: true, items: [], summary: { schema }, target: null, view: { text: JSON.stringify(schema, null, 2) } };
}
