import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { expectDone, startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';

/** Which file was applied last, and whoever comes with another one. */
let lab: ReferenceLab;
let file: string;
beforeAll(async () => {
  lab = await startReferenceLab();
  file = readFileSync(join(lab.project, 'roles.yaml'), 'utf8');
});
afterAll(() => lab.stop());

const write = (text: string): Promise<void> => writeFile(join(lab.project, 'roles.yaml'), text);
const limited = (limit: number): string => file.replace('connection_limit: 15', `connection_limit: ${limit}`);
const shown = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await runCli([...args, '--env', 'ci'], {
    cwd: lab.project,
    env: { DATABASE_URL: lab.url(), COLUMNS: '200' },
  });
  return stdout.replaceAll(/\s+/g, ' ');
};
const OTHER =
  /The file applied last is another one: sha256 [0-9a-f]{12}, by \S+@\S+ at \d{4}-\d\d-\d\dT\S+Z(?:, commit \w+)?\. This roles\.yaml is [0-9a-f]{12}\./;

test('the same file is told nothing, with the line ends of Windows either', async () => {
  for (const text of [file, file.replaceAll('\n', '\r\n')]) {
    await write(text);
    expect(await shown('roles', 'plan')).not.toMatch(OTHER);
    expect((await expectDone(lab, ['roles', 'plan'])).summary['lastApplied']).toMatchObject({ same: true });
  }
});

test('another one is told before and after, and is no failure; then it is the last one', async () => {
  await write(limited(14));
  expect(await shown('roles', 'plan')).toMatch(OTHER);
  expect(await shown('roles', 'apply', '--dry-run')).toMatch(OTHER);
  expect(await shown('roles', 'apply', '--yes')).toMatch(OTHER);
  expect(await shown('roles', 'plan')).not.toMatch(OTHER);
  await write(limited(13));
  const { summary } = await expectDone(lab, ['roles', 'apply', '--yes']);
  expect(summary['lastApplied']).toMatchObject({ same: false });
});

test('one that says the same in other words holds from then on, though there is nothing to do', async () => {
  await write(`${limited(13)}# nothing\n`);
  const plan = await expectDone(lab, ['roles', 'plan']);
  expect(plan.summary).toMatchObject({ gives: 0, takes: 0, lastApplied: { same: false } });
  await expectDone(lab, ['roles', 'apply', '--yes']);
  expect((await expectDone(lab, ['roles', 'plan'])).summary['lastApplied']).toMatchObject({ same: true });
  const runs = (): Promise<number> =>
    lab.as(undefined, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::int as n from dbctl.run where command = 'roles apply'`,
      );
      return rows[0]?.n ?? -1;
    });
  const before = await runs();
  await expectDone(lab, ['roles', 'apply', '--yes']);
  expect(await runs()).toBe(before);
});

test('what was rolled back was not applied', async () => {
  await write(file.replace('      statement_timeout: 10s\n', '      statement_timeout: 10s\n      work_mem: 1kB\n'));
  expect((await lab.dbctl(['roles', 'apply', '--yes'])).status).toBe(4);
  await write(`${limited(13)}# nothing\n`);
  expect((await expectDone(lab, ['roles', 'plan'])).summary['lastApplied']).toMatchObject({ same: true });
});

test('an auditor sees it, and who may not see the records is told nothing', async () => {
  await write(file);
  expect((await lab.dbctl(['roles', 'plan'], 'verify')).summary['lastApplied']).toMatchObject({ same: false });
  expect((await lab.dbctl(['roles', 'plan'], 'readonly')).summary['lastApplied']).toBeNull();
});
