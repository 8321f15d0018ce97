import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rolesJsonSchema } from '../../../../src/config/json-schema.ts';
import { parseRolesFile } from '../../../../src/config/roles/load.ts';
import { rolesReference } from '../../../../src/config/roles/reference.ts';

const schema = rolesJsonSchema();
const accepts = new Ajv2020({ allErrors: true, strictTypes: true, allowUnionTypes: true }).compile(schema);

const BARE = 'version: 1\nowner: boss\nschemas: [app]\nroles:\n  boss: { purpose: owns the schemas }\n';

const GOOD: readonly { name: string; yaml: string }[] = [
  { name: 'of the reference project', yaml: readFileSync(new URL('../../../../roles.yaml', import.meta.url), 'utf8') },
  { name: 'that grants nothing', yaml: BARE },
  { name: 'with nothing for PUBLIC', yaml: `${BARE}public: { grants: [] }\n` },
  {
    name: 'with odd names of objects',
    yaml: BARE.replace('[app]', '[app, Größe, we ird]').concat(
      '  web:\n    purpose: the web application\n    grants:\n',
      `      - { on: ['app."We ird"', '"Größe".*'], use: read, future: false }\n`,
      `      - { on: ['"we ird".*'], use: read, future: true }\n`,
      `      - { on: ['app."q""uote.d*"'], select: [Größe, "a, b", 'quo"te'] }\n`,
      `      - { routines: ['app."Do it"(integer)'] }\n`,
      `row_security: { 'app."We ird"': { policies: ["See, own"] } }\n`,
    ),
  },
  {
    name: 'with environments, exceptions and every kind of object',
    yaml: `${BARE}  web:
    purpose: the web application
    logins: [web_1, web_2]
    connection_limit: 5
    valid_until: "2028-02-29"
    password: { variable: WEB_PASSWORD }
    settings: { statement_timeout: 10s, work_mem: 4MB, jit: false, app.tenant: "" }
    grants:
      - { sequences: [app.*], future: true }
      - { routines: [app.*], future: true }
      - { types: [app.mood], privileges: [usage] }
      - { schemas: [app] }
      - { database: [temporary] }
      - { languages: [plpgsql] }
      - { foreign_servers: [far] }
      - { foreign_data_wrappers: [wires] }
      - { tablespaces: [fast] }
      - { parameters: [work_mem], privileges: [set] }
exceptions:
  - { id: EX-1, role: PUBLIC, grant: { on: [app.orders], use: read }, environments: [dev], reason: an incident of last week, owner: ops, expires: "2027-01-31" }
environments:
  prod: { roles: { web: { connection_limit: 50, settings: { work_mem: 64MB } } } }
`,
  },
];

describe('a good roles.yaml', () => {
  it.each(GOOD)('$name', ({ yaml }) => {
    expect(() => parseRolesFile(yaml, 'roles.yaml', 'dev')).not.toThrow();
    accepts(parse(yaml));
    expect(accepts.errors).toBe(null);
  });

  it('differs in an environment as it says, and there alone', () => {
    const yaml = GOOD.at(-1)?.yaml ?? '';
    const [dev, prod] = ['dev', 'prod'].map((name) => parseRolesFile(yaml, 'roles.yaml', name));
    expect([dev?.roles['web']?.connection_limit, prod?.roles['web']?.connection_limit]).toEqual([5, 50]);
    expect(prod?.roles['web']?.settings).toEqual({ ...dev?.roles['web']?.settings, work_mem: '64MB' });
    expect([dev?.exceptions.length, prod?.exceptions.length]).toEqual([1, 0]);
  });
});

describe('the reference of roles.yaml', () => {
  it('has every key of the schema, with its meaning', () => {
    const rows = rolesReference().split('\n').slice(2);
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((row) => row.endsWith(' |  |'))).toEqual([]);
    expect(rows.some((row) => row.startsWith('| `roles.<name>.grants[].foreign_servers` | list |'))).toBe(true);
  });
});
