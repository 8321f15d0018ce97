import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { finds, verifyProject, type VerifyProject } from './project.ts';

let project: VerifyProject;
let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());
beforeEach(async () => {
  project = await verifyProject(() => database.url);
  await project.check('shop-a', 'high', finds('a1', 'a2'));
});
afterEach(() => project.remove());

const BASELINE = ['--baseline', 'baseline.json'];
const keep = (...args: string[]) => project.run([...args, '--out', 'json=baseline.json']);
const seen = ({ items }: Awaited<ReturnType<VerifyProject['report']>>) =>
  items.map(({ id, object, status, baseline }) => [id, object, status, baseline]);

describe('--baseline', () => {
  it('says yes to what was there, and keeps it in the report', async () => {
    expect((await keep()).status).toBe(1);
    const report = await project.report(BASELINE);
    expect(report).toMatchObject({ status: 0, summary: { waived: 2, baseline: { known: 2, new: 0, risen: 0, gone: 0 } } });
    expect(seen(report)).toEqual([
      ['shop-a', 'a1', 'waived', 'known'],
      ['shop-a', 'a2', 'waived', 'known'],
    ]);
    const { stdout } = await project.run(BASELINE);
    expect(stdout).toMatch(/waived {2}high {6}shop-a {2}a1\n {4}a1 is wrong \(known since the baseline of \d{4}-\d\d-\d\d\)/);
    expect(stdout).toMatch(/Compared with the baseline of [\d-]+: 0 new, 0 worse, 2 known, 0 gone\./);
  });

  it('says no to what is new and to what grew worse, and counts what is gone', async () => {
    await keep();
    await project.check('shop-a', 'critical', finds('a2', 'a3'));
    const report = await project.report([...BASELINE, '--fail-on', 'critical']);
    expect(report).toMatchObject({ status: 1, summary: { baseline: { known: 0, new: 1, risen: 1, gone: 1 } } });
    expect(seen(report)).toEqual([
      ['shop-a', 'a2', 'fail', 'risen'],
      ['shop-a', 'a3', 'fail', 'new'],
    ]);
    expect(report.items[0]?.message).toMatch(/^a2 is wrong \(high in the baseline of /);
  });

  it('goes on from one baseline to the next', async () => {
    await keep();
    await keep(...BASELINE);
    expect(await project.report(BASELINE)).toMatchObject({ status: 0, summary: { baseline: { known: 2 } } });
  });

  it('does not call gone what could not be looked for', async () => {
    await keep();
    await project.check('shop-a', 'high', finds('a1'), '--! needs: setting shop.limit\n');
    const report = await project.report(BASELINE);
    expect(report.summary).toMatchObject({ unknown: 1, baseline: { gone: 0, notLookedAt: 2, lostSight: 1 } });
    const { stdout } = await project.run(BASELINE);
    expect(stdout).toContain('2 findings of the baseline could not be looked for: not seen is not gone.');
    expect(stdout).toContain('Could look at the time of the baseline, and cannot now: shop-a.');
  });

  it('covers no waiver that has ended, and nothing a waiver covered', async () => {
    const waiver = (expires: string) =>
      project.write(
        'dbctl.waivers.yaml',
        `- check: shop-a\n  reason: the app is replaced in December\n  owner: ops\n  expires: ${expires}\n`,
      );
    await waiver('2020-01-31');
    await keep();
    expect(await project.report(BASELINE)).toMatchObject({ status: 1, summary: { gate: { expiredWaivers: 2 } } });
    await waiver(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10));
    await keep();
    await project.write('dbctl.waivers.yaml', '');
    expect(await project.report(BASELINE)).toMatchObject({ status: 1, summary: { baseline: { known: 0, new: 2 } } });
  });

  it('is of this project and this environment', async () => {
    await keep();
    expect(await project.report([...BASELINE, '--env', 'prod'])).toMatchObject({
      status: 2,
      error: {
        code: 'config.invalid',
        message: 'baseline.json is of environment dev, and this is prod',
        hint: 'Make one of this environment: dbctl verify --env prod --out json=FILE.',
      },
    });
    const text = await readFile(join(project.folder, 'baseline.json'), 'utf8');
    await project.write('baseline.json', text.replace('"project": "shop"', '"project": "bank"'));
    expect((await project.report(BASELINE)).error?.message).toBe('baseline.json is of project bank, and this is shop');
    await project.write('baseline.json', text.replaceAll(database.name, 'shop_before'));
    const { status, stdout } = await project.run(BASELINE);
    expect(status).toBe(0);
    expect(stdout).toContain(`The baseline is of database shop_before, and this is ${database.name}.`);
  });

  it('is refused before the server is asked, when it is no such file', async () => {
    const nowhere = 'postgresql://nobody@127.0.0.1:1/none';
    expect(await project.report(BASELINE, nowhere)).toMatchObject({
      status: 2,
      error: { code: 'config.invalid', message: 'cannot read baseline.json: no such file' },
    });
  });
});

describe('dbctl verify diff', () => {
  const write = async (name: string, ...args: string[]) => project.run([...args, '--out', `json=${name}`]);

  it('says no to a new finding and to a check that lost its sight, and yes the other way round', async () => {
    await project.check('shop-b', 'low', finds('b1'));
    await write('a.json');
    await project.check('shop-a', 'high', finds('a2', 'a3'));
    await project.check('shop-b', 'low', finds('b1'), '--! needs: setting shop.limit\n');
    await write('b.json');
    const forth = await project.report(['diff', 'a.json', 'b.json']);
    expect(forth).toMatchObject({ status: 1, command: 'verify diff', summary: { worse: 2, other: 1, unchanged: 1 } });
    expect(forth.items.map(({ id, object, status, change }) => [id, object, status, change])).toEqual([
      ['shop-a', 'a3', 'fail', 'new'],
      ['shop-a', 'a1', 'pass', 'gone'],
      ['shop-b', database.name, 'unknown', 'lost-sight'],
    ]);
    expect(forth.items[2]?.message).toBe(
      'lost sight: looked before, could not look now, and its 1 finding cannot be told gone: could not look: the server has no setting shop.limit',
    );
    const back = await project.report(['diff', 'b.json', 'a.json']);
    expect(back.items.map(({ id, object, change }) => [id, object, change])).toEqual([
      ['shop-a', 'a1', 'new'],
      ['shop-a', 'a3', 'gone'],
      ['shop-b', database.name, 'sight-regained'],
      ['shop-b', 'b1', 'new'],
    ]);
    expect(await project.report(['diff', 'a.json', 'a.json'])).toMatchObject({ status: 0, items: [] });
  });

  it('takes no option of verify, and needs two reports', async () => {
    const refused = await project.report(['diff', 'a.json', 'b.json', '--strict']);
    expect(refused.error).toMatchObject({ code: 'usage', message: 'option --strict is not of verify diff' });
    expect((await project.report(['diff', 'a.json'])).error?.message).toBe("missing required argument 'after'");
  });
});
