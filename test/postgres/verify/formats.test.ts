import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { parseCommand } from '../../unit/render/parsers.ts';
import { expected, readJunit, readMarkdown, readTap } from '../../unit/render/readers.ts';
import { validateSarif } from '../../unit/render/wellformed.ts';
import { finds, verifyProject, type VerifyProject } from './project.ts';

let project: VerifyProject;
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  project = await verifyProject(() => database.url);
  await project.config('groups: all');
  await project.check('shop-odd', 'high', finds('a|b`c', '<d> "e"', '# f {', '::g::', 'waived'));
  await project.check('shop-blind', 'medium', finds(), '--! needs: setting shop.limit\n');
  const expires = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
  await project.write(
    'dbctl.waivers.yaml',
    `- { check: shop-odd, object: waived, reason: the app is replaced in December, owner: ops, expires: ${expires} }\n`,
  );
});
afterAll(async () => {
  await project.remove();
  await database.drop();
});

const FORMATS = ['json', 'junit', 'sarif', 'github', 'tap', 'markdown', 'ndjson', 'prometheus'] as const;
const read = (format: string) => readFile(join(project.folder, `out/${format}`), 'utf8');

it('comes in every format from one run, and other programs read the same in each', async () => {
  const outs = FORMATS.flatMap((format) => ['--out', `${format}=out/${format}`]);
  const { status, stderr } = await project.run([...outs, '--quiet']);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  const report = JSON.parse(await read('json')) as Report;
  const { fail, unknown, waived, skipped, pass } = expected(report);
  expect([fail > 4, unknown, waived, pass > 20]).toEqual([true, 1, 1, true]);

  expect(readJunit(await read('junit'))).toEqual({ failed: fail, errors: unknown, skipped: waived + skipped, passed: pass });
  expect(readTap(await read('tap'))).toEqual({ failed: fail + unknown, todo: waived, skipped, passed: pass });
  expect(readMarkdown(await read('markdown')).rows).toHaveLength(fail + unknown + waived + skipped);
  const sarif = JSON.parse(await read('sarif')) as { runs: { results: { suppressions?: object[] }[] }[] };
  expect([validateSarif()(sarif), validateSarif().errors ?? []]).toEqual([true, []]);
  expect(sarif.runs[0]?.results).toHaveLength(fail + unknown + waived);
  expect(sarif.runs[0]?.results.filter(({ suppressions }) => suppressions !== undefined)).toHaveLength(waived);
  const annotations = (await read('github')).split('\n').flatMap((line) => parseCommand(line) ?? []);
  expect(annotations).toHaveLength(fail + unknown + waived);
  expect((await read('ndjson')).trimEnd().split('\n')).toHaveLength(1 + report.items.length);
  expect(await read('prometheus')).toContain('dbctl_run_exit_code{command="verify",env="dev"} 1');
});

it('shows what the baseline knows as no failure to any of them', async () => {
  const outs = ['junit', 'tap', 'github'].flatMap((format) => ['--out', `${format}=out/${format}`]);
  const { status } = await project.run(['--baseline', 'out/json', ...outs]);
  expect(status).toBe(0);
  expect(readJunit(await read('junit'))).toMatchObject({ failed: 0, errors: 1 });
  expect(readTap(await read('tap'))).toMatchObject({ failed: 1 });
  const errors = (await read('github')).split('\n').flatMap((line) => parseCommand(line) ?? []);
  expect(errors.filter(({ name }) => name === 'error')).toEqual([]);
});

it('tells in SARIF what is new to the baseline, what is as it was, and what changed; what is gone is no result', async () => {
  await project.run(['--only', 'shop-odd,shop-blind', '--out', 'json=out/before']);
  await project.check('shop-odd', 'high', finds('a|b`c', '# f {', 'fresh', 'waived'));
  const { status } = await project.run(['--only', 'shop-odd,shop-blind', '--baseline', 'out/before', '--out', 'sarif=out/sarif']);
  expect(status).toBe(1);
  const sarif = JSON.parse(await read('sarif')) as SarifStates;
  expect([validateSarif()(sarif), validateSarif().errors ?? []]).toEqual([true, []]);
  const states = sarif.runs[0].results.map(
    ({ ruleId, locations: [{ logicalLocations }], baselineState }) =>
      `${ruleId} ${ruleId === 'shop-blind' ? '' : (logicalLocations?.[0]?.fullyQualifiedName ?? '')} ${baselineState}`,
  );
  expect(states.toSorted()).toEqual([
    'shop-blind  unchanged',
    'shop-odd # f { unchanged',
    'shop-odd a|b`c unchanged',
    'shop-odd fresh new',
    'shop-odd waived unchanged',
  ]);
  const { absent } = sarif.runs[0].invocations[0].properties.summary.baseline;
  expect(absent.map(({ id, object }) => `${id} ${object}`)).toEqual(['shop-odd ::g::', 'shop-odd <d> "e"']);

  await project.check('shop-odd', 'medium', finds('a|b`c'));
  await project.run(['--only', 'shop-odd', '--baseline', 'out/before', '--out', 'sarif=out/sarif']);
  expect(
    (JSON.parse(await read('sarif')) as SarifStates).runs[0].results.find(({ ruleId }) => ruleId === 'shop-odd')?.baselineState,
  ).toBe('updated');
});

it('says nothing of a baseline in SARIF where there is none', async () => {
  await project.run(['--only', 'shop-odd', '--out', 'sarif=out/sarif']);
  expect(await read('sarif')).not.toContain('baselineState');
});

interface SarifStates {
  readonly runs: readonly [
    {
      readonly invocations: readonly [{ properties: { summary: { baseline: { absent: { id: string; object: string }[] } } } }];
      readonly results: readonly {
        readonly ruleId: string;
        readonly baselineState?: string;
        readonly locations: readonly [{ readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[] }];
      }[];
    },
  ];
}
