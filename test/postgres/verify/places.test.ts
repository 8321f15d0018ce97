import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { parseCommand } from '../../unit/render/parsers.ts';
import { finds, verifyProject, type VerifyProject } from './project.ts';
import { withClient } from './support.ts';

let project: VerifyProject;
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  project = await verifyProject(() => database.url);
  await mkdir(join(project.folder, 'migrations'));
  await project.write('migrations/001.do.shop.sql', MIGRATION);
  await withClient(database.url, (client) => client.query(MIGRATION));
  await project.config('groups: [shop]', POLICY);
  await project.write(
    'roles.yaml',
    'version: 1\nowner: shop_owner\nschemas: [shop]\nroles:\n  shop_owner: { purpose: owns what is there }\n  web_app:\n    purpose: the web shop\n',
  );
  await project.check('shop-tables', 'high', TABLES, '--! needs: select pg_catalog.pg_class\n');
  await project.check('shop-role', 'low', finds('role web_app_1'));
  await project.check('shop-pin', 'medium', `${finds('cluster')} limit $1`, '--! params: pin\n');
  await project.check(
    'shop-zone',
    'medium',
    `select 'x' as object, $1::text as detail, '{}'::jsonb as data`,
    '--! params: timezone\n',
  );
  await project.check('shop-own', 'medium', finds('archive_mode'));
  await project.write(
    'dbctl.waivers.yaml',
    '# none\n- { check: shop-zone, object: none, reason: there was once a reason here, owner: ops, expires: 2026-11-30 }\n'.replace(
      '2026-11-30',
      new Date(Date.now() + 86_400_000).toISOString().slice(0, 10),
    ),
  );
});
afterAll(async () => {
  await project.remove();
  await database.drop();
});

const MIGRATION = `create schema shop;\n\n-- what is sold\ncreate table shop."Goods" (\n  id int\n);\ncreate table shop.orders (id int);\n`;
const POLICY = 'postgres:\n  version: "18.2"\n';
const TABLES = `select c.oid::regclass::text as object, 'a table' as detail, '{"role": "app"}'::jsonb as data
                  from pg_catalog.pg_class c where c.relnamespace = 'shop'::regnamespace order by 1`;
const PLACES = [
  'shop-own checks/shop-own.sql:1',
  'shop-pin dbctl.yaml:9',
  'shop-role roles.yaml:6',
  'shop-tables migrations/001.do.shop.sql:4',
  'shop-tables migrations/001.do.shop.sql:7',
  'shop-zone dbctl.yaml:8',
  'waiver-unused dbctl.waivers.yaml:2',
];

it('points at the migration that made the object, or at the line that demands it', async () => {
  const { status, stderr } = await project.run(['--out', 'sarif=a.sarif', '--out', 'github=a.txt', '--out', 'json=a.json']);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  const { runs } = JSON.parse(await readFile(join(project.folder, 'a.sarif'), 'utf8')) as Sarif;
  const places = runs[0]?.results.map(({ ruleId, locations: [{ physicalLocation }] }) => {
    const { artifactLocation, region } = physicalLocation;
    return `${ruleId} ${artifactLocation.uri}:${region.startLine}`;
  });
  expect(places?.toSorted()).toEqual(PLACES);
  const annotations = (await readFile(join(project.folder, 'a.txt'), 'utf8'))
    .split('\n')
    .map(parseCommand)
    .flatMap((command) => (command === null ? [] : [command.properties]));
  expect(annotations.map(({ title = '', file, line }) => `${title.split(':')[0]} ${file}:${line}`).toSorted()).toEqual(PLACES);
  expect(await readFile(join(project.folder, 'a.json'), 'utf8')).not.toContain('001.do.shop.sql');
});

it('does the same from a snapshot, and points at dbctl.yaml where there are no migrations', async () => {
  await project.run(['--save', 'a.snapshot']);
  await project.write('migrations/001.do.shop.sql', 'no sql at all');
  const offline = await project.run(['--snapshot', 'a.snapshot', '--format', 'sarif'], 'postgresql://nobody@127.0.0.1:1/none');
  expect(JSON.parse(offline.stdout)).toMatchObject({
    runs: [{ results: expect.arrayContaining([expect.objectContaining({ ruleId: 'shop-pin' })]) }],
  });
  expect(offline.stdout).not.toContain('001.do.shop.sql');
});

interface Sarif {
  readonly runs: readonly { readonly results: readonly SarifResult[] }[];
}
interface SarifResult {
  readonly ruleId: string;
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region: { readonly startLine: number };
      };
    },
  ];
}
