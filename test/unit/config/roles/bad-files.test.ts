import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rolesJsonSchema } from '../../../../src/config/json-schema.ts';
import { ConfigError, problemText } from '../../../../src/config/problem.ts';
import { parseRolesFile } from '../../../../src/config/roles/load.ts';
import { BAD_ROLES_FILES } from './support/bad-roles-files.ts';

function failure(yaml: string): ConfigError {
  try {
    parseRolesFile(yaml, 'roles.yaml', 'dev');
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    throw thrown;
  }
  throw new Error('the file was accepted');
}

const schema = rolesJsonSchema();
const accepts = new Ajv2020({ allErrors: true, strictTypes: true, allowUnionTypes: true }).compile(schema);
const read = (yaml: string): unknown => parse(yaml, { merge: true, logLevel: 'silent' });

describe('a broken roles.yaml', () => {
  it.each(BAD_ROLES_FILES)('$name', ({ yaml, problems, secret }) => {
    const error = failure(yaml);
    expect(error.problems.map(problemText)).toEqual(problems);
    expect(error.code).toBe(secret === true ? 'secret.exposed' : 'config.invalid');
    expect(JSON.stringify([error, error.message, error.detail, error.hint, error.position])).not.toContain('hunter2');
  });

  it('says where every key is explained', () => {
    expect(failure('others: report\n').hint).toBe('Print every key with its meaning: dbctl config schema --of roles.yaml.');
  });

  it('says what to do instead of other rights in an environment', () => {
    const broken = BAD_ROLES_FILES.find(({ name }) => name === 'rights');
    expect(failure(broken?.yaml ?? '').hint).toBe(
      'Write what an environment alone needs for a time as an exception with environments.',
    );
  });
});

describe('the JSON Schema of roles.yaml', () => {
  it.each(BAD_ROLES_FILES.filter(({ beyondSchema }) => beyondSchema !== true))('refuses it too: $name', ({ yaml }) => {
    // What is no YAML cannot be asked.
    const refused = (): boolean => {
      try {
        return !accepts(read(yaml));
      } catch {
        return true;
      }
    };
    expect(refused()).toBe(true);
  });

  it('lets pass only what is said to be beyond it', () => {
    const passed = BAD_ROLES_FILES.filter(({ yaml }) => {
      try {
        return accepts(read(yaml));
      } catch {
        return false;
      }
    });
    const beyond = new Set(BAD_ROLES_FILES.filter(({ beyondSchema }) => beyondSchema === true));
    expect(passed.filter((file) => !beyond.has(file)).map(({ name }) => name)).toEqual([]);
  });
});
