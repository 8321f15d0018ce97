import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findPrograms } from '../../../src/ops/tools/find.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { clientTools } from '../../support/tools.ts';
import { verifyProject, type VerifyProject } from './project.ts';
import { withClient } from './support.ts';

let original: TestDatabase;
let restored: TestDatabase;
let project: VerifyProject;
beforeAll(async () => {
  [original, restored] = [await createTestDatabase(), await createTestDatabase()];
  project = await verifyProject(() => original.url);
  await project.config('groups: all');
}, 180_000);
afterAll(async () => {
  await Promise.all([original.drop(), restored.drop(), project.remove()]);
});

/** Objects that checks find, with names that have to be quoted; the oids are their own, and no fingerprint may know them. */
const ODD = `
  create schema "Odd ""one""";
  create table "Odd ""one"""."tä.ble" (id int primary key, "sp ace" text);
  create extension pg_trgm schema public;
  create extension "uuid-ossp" schema "Odd ""one""";
  create index "an Index" on "Odd ""one"""."tä.ble" using gin ("sp ace" public.gin_trgm_ops);`;
const BY_NAME = `select c.oid::regclass::text as object, 'a table' as detail, jsonb_build_object('oid', c.oid::bigint) as data
                   from pg_catalog.pg_class c where c.relkind in ('r', 'i') and c.relnamespace::regnamespace::text !~ '^(pg_|information_)' order by 1`;
const OWN_NAME = `select current_database()::text as object, 'the database' as detail, '{}'::jsonb as data`;

it('is the same after a dump and restore into another database', async () => {
  await project.check('shop-relations', 'low', BY_NAME, '--! needs: select pg_catalog.pg_class\n');
  await project.check('shop-database', 'low', OWN_NAME);
  await withClient(original.url, (client) => client.query(ODD));
  await move();
  const [before, after] = [await project.report([]), await project.report([], restored.url)];

  const prints = ({ items }: typeof before) => items.map(({ fingerprint }) => fingerprint as string).toSorted();
  expect(prints(after)).toEqual(prints(before));
  expect(new Set(prints(before)).size).toBe(before.items.length);
  const oids = ({ items }: typeof before) => items.filter(({ id }) => id === 'shop-relations').map(({ detail }) => detail);
  expect(oids(before)).toHaveLength(3);
  expect(oids(after)).not.toEqual(oids(before));
  expect(before.items.filter(({ group, status }) => group === 'extensions' && status === 'fail').length).toBeGreaterThan(0);

  const files = ['before.json', 'after.json'] as const;
  await project.write(files[0], JSON.stringify(before));
  await project.write(files[1], JSON.stringify(after));
  const { status, stdout } = await project.run(['diff', ...files]);
  expect(stdout).toContain(`This compares database ${original.name} with database ${restored.name}.`);
  expect({ status, changes: / 0 worse, 0 other, /.test(stdout) }).toEqual({ status: 0, changes: true });
}, 60_000);

it('is the same in json and in SARIF', async () => {
  await project.run(['--out', 'json=a.json', '--out', 'sarif=a.sarif']);
  const report = JSON.parse(readFileSync(join(project.folder, 'a.json'), 'utf8')) as Json;
  const sarif = JSON.parse(readFileSync(join(project.folder, 'a.sarif'), 'utf8')) as Sarif;
  const failing = report.items.filter(({ status }) => status !== 'pass' && status !== 'skipped');
  expect(failing.length).toBeGreaterThan(3);
  expect(sarif.runs[0]?.results.map(({ partialFingerprints }) => partialFingerprints['dbctl/v1'])).toEqual(
    failing.map(({ fingerprint }) => fingerprint),
  );
});

interface Json {
  readonly items: readonly { readonly status: string; readonly fingerprint: string }[];
}
interface Sarif {
  readonly runs: readonly { readonly results: readonly { readonly partialFingerprints: Readonly<Record<string, string>> }[] }[];
}

async function move(): Promise<void> {
  const [dump, restore] = await findPrograms(await clientTools(), 18, ['pg_dump', 'pg_restore']);
  const [program, back] = [dump?.taken?.path ?? '', restore?.taken?.path ?? ''];
  const file = join(project.folder, 'all.dump');
  execFileSync(program, ['--format=custom', '--file', file, '--dbname', original.url]);
  execFileSync(back, ['--exit-on-error', '--dbname', restored.url, file]);
}
