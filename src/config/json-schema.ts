import * as z from 'zod';
import { rolesFile } from './roles/schema.ts';
import { configFile } from './schema.ts';
import { targetsFile } from './targets/schema.ts';

type Schema = z.core.JSONSchema.BaseSchema;

/** JSON Schema (draft 2020-12) of dbctl.yaml as a person writes it, for editors and for checking without dbctl. */
export function configJsonSchema(): Schema {
  return jsonSchema(configFile, 'dbctl.yaml', 'Configuration of a dbctl project.');
}

/** The same of roles.yaml. */
export function rolesJsonSchema(): Schema {
  return jsonSchema(rolesFile, 'roles.yaml', 'What every role of a project is for and what it may do.');
}

/** The same of an inventory, which --targets names. */
export function targetsJsonSchema(): Schema {
  return jsonSchema(targetsFile, 'targets.yaml', 'Databases that a command looks at in one run.');
}

function jsonSchema(file: z.ZodType, title: string, description: string): Schema {
  const { $schema, ...schema } = z.toJSONSchema(file, { target: 'draft-2020-12', io: 'input' });
  const whole = { ...($schema === undefined ? {} : { $schema }), title, description, ...schema };
  return JSON.parse(JSON.stringify(whole, withoutOverlayDefaults)) as Schema;
}

/** What an overlay leaves out comes from the file, not from a default: an editor must not offer one there. */
function withoutOverlayDefaults(key: string, value: unknown): unknown {
  return key === 'overlay' ? withoutDefaults(value) : value;
}

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'default');
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutDefaults(inner)]));
}
