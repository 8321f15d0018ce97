import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { CONFIG_KEYS } from '../../../src/config/keys.ts';
import { GOOD_FILES } from './support/good-files.ts';
import { project } from './support/project.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const words = [...new Set(CONFIG_KEYS.flatMap(({ path }) => path))].filter((word) => /^\w+$/.test(word));
const marks = [
  '\n',
  '\n  ',
  '\n    ',
  ': ',
  ':',
  '- ',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '"',
  "'",
  '#',
  '&a ',
  '*a',
  '<<: *a',
  '|',
  '>',
  '? ',
  '!!str ',
  '\t',
  '---\n',
  '...',
  '%YAML 1.1\n',
  '\u0000',
  '\r',
  '\u2028',
  '\ud800',
  '__proto__',
  'null',
  '18.2',
  '~',
  '0x1F',
  '.nan',
  '2s',
  '5',
];
const token = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...words) },
  { weight: 5, arbitrary: fc.constantFrom(...marks) },
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const yamlish = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(''));

/** A good file with a few pieces cut out, doubled or replaced. */
const damaged = fc
  .tuple(
    fc.constantFrom(...GOOD_FILES.map(({ yaml }) => yaml)),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), token), { maxLength: 4 }),
  )
  .map(([yaml, cuts]) =>
    cuts.reduce((text, [at, length, piece]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + piece + text.slice(start + length);
    }, yaml),
  );

let folder: string;
beforeEach(() => (folder = project({})));

async function outcome(yaml: string): Promise<unknown> {
  writeFileSync(join(folder, 'dbctl.yaml'), yaml);
  return loadConfig({ cwd: folder, env: 'dev', variables: {} }).catch((error: unknown) => error);
}

describe('whatever stands in dbctl.yaml', () => {
  it('loading gives a configuration or a DbctlError that says what to do', async () => {
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(yamlish, damaged, fc.string({ unit: 'binary' })), async (yaml) => {
        const result = await outcome(yaml);
        if (!(result instanceof Error)) return void (loaded += 1);
        expect(result).toBeInstanceOf(DbctlError);
        const error = result as DbctlError;
        expect(['config.invalid', 'secret.exposed']).toContain(error.code);
        expect(error.hint).toMatch(/[.?)]$/);
        expect(error.message).not.toMatch(/\n|undefined|\[object/);
        if (error.position !== undefined) expect(error.position.line).toBeLessThanOrEqual(yaml.split('\n').length);
      }),
      { numRuns: 1500 },
    );
    // Else the damage was always fatal, and loading itself went untested.
    expect(loaded).toBeGreaterThan(20);
  }, 60_000);

  it('a password in it is in no message', async () => {
    const secret = 'hunter2hunter2';
    const line = fc.constantFrom(
      `password: ${secret}`,
      `"db-password": '${secret}'`,
      `{api_key: ${secret}}`,
      `url: postgres://app:${secret}@db/lab`,
      `- postgres://app:${secret}@db/lab`,
      `x: host=db password=${secret}`,
      `secret: |\n        ${secret}`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(yamlish, damaged),
        line,
        fc.nat(),
        fc.constantFrom('', '  ', '    '),
        async (yaml, planted, at, indent) => {
          const lines = yaml.split('\n');
          lines.splice(at % (lines.length + 1), 0, `${indent}${planted}`);
          const result = await outcome(lines.join('\n'));
          if (!(result instanceof DbctlError)) return;
          expect([result.message, result.detail, result.hint, JSON.stringify(result)].join('\n')).not.toContain(secret);
        },
      ),
      { numRuns: 1500 },
    );
  }, 60_000);
});
