import { expect, it } from 'vitest';
import { withoutSecrets } from '../../../src/ops/backup/sql-secrets.ts';
import { lineDifferences } from '../../../src/ops/restore/compare.ts';

it.each([
  [
    `CREATE SUBSCRIPTION s CONNECTION 'host=h password=it''s' PUBLICATION p WITH (slot_name = 's');`,
    `CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p WITH (slot_name = 's');`,
  ],
  [
    `CREATE USER MAPPING FOR ann SERVER far OPTIONS (\n    "user" 'u;v',\n    pin '1''2'\n);\nSELECT 'seen';`,
    `CREATE USER MAPPING FOR ann SERVER far OPTIONS (\n    "user" '***',\n    pin '***'\n);\nSELECT 'seen';`,
  ],
  [`    password 'hunter2',`, `    password '***',`],
  [`    "api.Token" 'abc'`, `    "api.Token" '***'`],
  [`CREATE ROLE r PASSWORD 'md5abc';`, `CREATE ROLE r PASSWORD '***';`],
  [`    note text DEFAULT 'none'::text,`, `    note text DEFAULT 'none'::text,`],
  ['CREATE TABLE t (id int PRIMARY KEY);', 'CREATE TABLE t (id int PRIMARY KEY);'],
])('%s', (sql, shown) => expect(withoutSecrets(sql)).toBe(shown));

it('a definition that differs tells no secret', () => {
  expect(lineDifferences(`    password 'hunter2'\n`, `    password 'hunter3'\n`)).toEqual([
    `missing:     password '***'`,
    `instead:     password '***'`,
  ]);
});
