import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { CONFIG_KEYS } from '../../../src/config/keys.ts';
import { TLS_MODES } from '../../../src/config/schema.ts';
import { SSL_MODES } from '../../../src/runtime/connection/target.ts';
import { BAD_FILES } from './support/bad-files.ts';
import { GOOD_FILES } from './support/good-files.ts';

const schema = configJsonSchema();
const accepts = new Ajv2020({ allErrors: true, strictTypes: true, allowUnionTypes: true }).compile(schema);
const read = (yaml: string): unknown => parse(yaml, { merge: true, logLevel: 'silent' });

/** Every schema under `properties`, with its path. */
function properties(inner: unknown, path: string): [string, Record<string, unknown>][] {
  if (typeof inner !== 'object' || inner === null) return [];
  const { properties: children = {}, additionalProperties } = inner as { properties?: object; additionalProperties?: unknown };
  const named = [...Object.entries(children), ...(additionalProperties ? [['<name>', additionalProperties] as const] : [])];
  return named.flatMap(([key, child]) => [
    [`${path}${key}`, child] as [string, Record<string, unknown>],
    ...properties(child, `${path}${key}.`),
  ]);
}

describe('the JSON Schema', () => {
  it('is of draft 2020-12', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  it.each(GOOD_FILES)('accepts a good file: $name', ({ yaml }) => {
    accepts(read(yaml));
    expect(accepts.errors).toBe(null);
  });

  it.each(BAD_FILES.filter((file) => file.beyondSchema !== true))('refuses a bad file: $name', ({ yaml }) => {
    expect(accepts(read(yaml))).toBe(false);
  });

  it('lets pass only what is said to be beyond it', () => {
    const beyond = BAD_FILES.filter((file) => file.beyondSchema === true);
    const refused = beyond.filter(({ yaml }) => {
      try {
        return !accepts(read(yaml));
      } catch {
        return false;
      }
    });
    expect(refused.map(({ name }) => name)).toEqual([]);
  });

  it('gives the meaning of every key', () => {
    const all = properties(schema, '');
    expect(all.length).toBeGreaterThan(CONFIG_KEYS.length);
    expect(
      all.filter(([path, { description }]) => description === undefined && path !== 'environments.<name>').map(([path]) => path),
    ).toEqual([]);
  });

  it('offers no default inside an overlay, where the file is the default', () => {
    const inOverlay = properties(schema, '').filter(([path]) => path.includes('.overlay.'));
    expect(inOverlay.length).toBeGreaterThan(15);
    expect(inOverlay.filter(([, { default: value }]) => value !== undefined)).toEqual([]);
  });

  it('has the words of sslmode that the runtime has', () => {
    expect(TLS_MODES).toEqual(SSL_MODES);
  });
});
