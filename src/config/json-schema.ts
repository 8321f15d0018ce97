import * as z from 'zod';
import { configFile } from './schema.ts';

type Schema = z.core.JSONSchema.BaseSchema;

/** JSON Schema (draft 2020-12) of dbctl.yaml as a person writes it, for editors and for checking without dbctl. */
export function configJsonSchema(): Schema {
  const { $schema, ...schema } = z.toJSONSchema(configFile, { target: 'draft-2020-12', io: 'input' });
  const whole = {
    ...($schema === undefined ? {} : { $schema }),
    title: 'dbctl.yaml',
    description: 'Configuration of a dbctl project.',
    ...schema,
  };
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
