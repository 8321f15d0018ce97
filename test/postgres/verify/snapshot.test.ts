import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../src/ops/verify/snapshot/document.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { finds, verifyProject, type VerifyProject } from './project.ts';

let project: VerifyProject;
let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());
beforeEach(async () => {
  project = await verifyProject(() => database.url);
  await project.check('shop-a', 'high', finds('a1', 'a2'));
  await project.check('shop-b', 'low', finds());
  await project.check('shop-c', 'low', finds(), '--! needs: setting shop.limit\n');
});
afterEach(() => project.remove());

const NOWHERE = 'postgresql://nobody@127.0.0.1:1/none';
const SNAPSHOT = ['--snapshot', 'here.snapshot'];
const save = (...args: string[]) => project.run([...args, '--save', 'here.snapshot']);
const text = () => readFile(join(project.folder, 'here.snapshot'), 'utf8');
const offline = (...args: string[]) => project.report([...SNAPSHOT, ...args], NOWHERE);
const PIN = (version: string) => project.config('groups: [shop]', `postgres: { version: "${version}" }\n`);

describe('verify --save and --snapshot', () => {
  it('judges without the server as with it', async () => {
    const saved = await save('--out', 'json=online.json');
    expect(saved.status).toBe(1);
    expect(saved.stdout).toContain('What the server said is in here.snapshot');
    const online = JSON.parse(await readFile(join(project.folder, 'online.json'), 'utf8')) as Awaited<ReturnType<typeof offline>>;
    const report = await offline();
    expect(report).toMatchObject({ status: 1, target: online.target, summary: { fail: 2, unknown: 1, pass: 1 } });
    expect(report.items).toEqual(online.items);
    const { stdout } = await project.run(SNAPSHOT, NOWHERE);
    expect(stdout).toMatch(/Judged without a server: here\.snapshot has what it said to role \S+\s+at\s+\d{4}-/);
  });

  it('judges by the severities, thresholds, waivers and baselines of today', async () => {
    await save('--out', 'json=baseline.json');
    expect((await offline('--fail-on', 'critical')).status).toBe(0);
    expect(await offline('--baseline', 'baseline.json')).toMatchObject({ status: 0, summary: { baseline: { known: 2 } } });
    await project.check('shop-a', 'critical', finds('a1', 'a2'));
    expect(await offline('--fail-on', 'critical')).toMatchObject({ status: 1, items: [{ severity: 'critical' }, {}, {}, {}] });
    const expires = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    await project.write(
      'dbctl.waivers.yaml',
      `- { check: shop-a, object: a1, reason: the app is replaced in December, owner: ops, approved_by: b, expires: ${expires} }\n`,
    );
    expect((await offline()).items.map(({ object, status }) => [object, status])).toContainEqual(['a1', 'waived']);
    expect((await offline('--only', 'shop-b')).items).toMatchObject([{ id: 'shop-b', status: 'pass' }]);
  });

  it('does not pass what it did not ask, or asked otherwise', async () => {
    await project.check('shop-pin', 'low', `${finds()} limit $1`, '--! params: pin\n');
    await save();
    expect((await offline('--only', 'shop-pin')).items).toMatchObject([{ status: 'pass' }]);
    await PIN('18.4');
    await project.check('shop-b', 'low', `${finds()} -- other`);
    await project.check('shop-new', 'low', finds());
    const { items, status } = await offline('--strict');
    expect(status).toBe(1);
    expect(items.filter((item) => item.status === 'unknown').map(({ id, message }) => [id, message])).toEqual([
      ['shop-b', 'could not look: the snapshot was taken by a check of this id with another query or other needs'],
      ['shop-c', 'could not look: the server has no setting shop.limit'],
      ['shop-new', 'could not look: the snapshot did not ask it'],
      ['shop-pin', "could not look: the snapshot was asked with another policy than today's: postgres.version"],
    ]);
    expect(items.find(({ id }) => id === 'shop-pin')?.fix).toBe('dbctl verify --env dev --save FILE');
  });

  it('holds facts and no secret, for its owner alone', async () => {
    await project.check(
      'shop-leak',
      'low',
      `select 'x' as object, '${new URL(database.url).password}' as detail, '{}'::jsonb as data`,
    );
    await save();
    const { server, checks, sha256, ...snapshot } = JSON.parse(await text()) as Snapshot & { sha256: string };
    expect(snapshot).toMatchObject({ schema: 'dbctl.verify-snapshot/1', project: 'shop', environment: 'dev' });
    expect(server).toMatchObject({ database: database.name, systemIdentifier: expect.stringMatching(/^\d+$/) });
    expect(checks.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['shop-a', 'found'],
      ['shop-b', 'pass'],
      ['shop-c', 'unknown'],
      ['shop-leak', 'found'],
    ]);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await text()).not.toContain(new URL(database.url).password);
    expect((await stat(join(project.folder, 'here.snapshot'))).mode & 0o777).toBe(0o600);
  });

  it.each<[string, (text: string) => string, string]>([
    ['changed', (whole) => whole.replace('"a1"', '"a0"'), 'is not as it was written: its sha256 is that of another content'],
    ['cut short', (whole) => whole.slice(0, -3), 'is no whole JSON document'],
    [
      'without its sum',
      (whole) => whole.replace(/,\s*"sha256": "[0-9a-f]+"/, ''),
      'is not as it was written: its sha256 is that of another content',
    ],
    [
      'of another kind',
      () => '{"schema":"dbctl.report/1"}',
      'is no snapshot of dbctl verify: its schema is not dbctl.verify-snapshot/1',
    ],
    ['empty', () => '', 'is no whole JSON document'],
  ])('refuses a snapshot that is %s', async (_, spoil, message) => {
    await save();
    await project.write('here.snapshot', spoil(await text()));
    expect(await offline()).toMatchObject({ status: 2, error: { code: 'config.invalid', message: `here.snapshot ${message}` } });
  });

  it('refuses one of another environment, and options that contradict each other', async () => {
    await save();
    expect((await offline('--env', 'prod')).error).toMatchObject({
      message: 'here.snapshot is of environment dev, and this is prod',
      hint: 'Judge it by the policy of its environment: --env dev.',
    });
    expect((await offline('--save', 'b')).error?.message).toBe('--save and --snapshot do not go together');
    expect((await project.report(['--snapshot', 'none'])).error?.message).toBe('cannot read none: no such file');
    expect((await project.report(['--save', '.'])).error).toMatchObject({
      message: 'cannot write .: it is a folder',
      hint: 'Name a file: --save prod.snapshot.',
    });
  });
});
