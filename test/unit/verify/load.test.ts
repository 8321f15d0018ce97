import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'dbctl-checks-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const HEADER = ['title: T', 'severity: low', 'scope: cluster', 'why: w', 'fix: f', 'refs: r']
  .map((line) => `--! ${line}`)
  .join('\n');
async function file(path: string, group = 'own', header = HEADER): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(
    join(folder, path),
    `${header}\n--! group: ${group}\nselect 'a' as object, 'b' as detail, null::jsonb as data;\n`,
  );
}

describe('loading checks', () => {
  it('reads every .sql of the folders, by group and id', async () => {
    await Promise.all([
      file('one/b-two.sql', 'y'),
      file('one/b-one.sql', 'y'),
      file('two/z-one.sql', 'x'),
      writeFile(join(folder, 'notes.txt'), ''),
    ]);
    const checks = await loadChecks([join(folder, 'one'), join(folder, 'two')], folder);
    expect(checks.map(({ id, file: path }) => [id, path])).toEqual([
      ['z-one', 'two/z-one.sql'],
      ['b-one', 'one/b-one.sql'],
      ['b-two', 'one/b-two.sql'],
    ]);
  });

  it('needs no folder, and reads one once however it is reached', async () => {
    await file('one/a-check.sql');
    await symlink(join(folder, 'one'), join(folder, 'again'));
    const checks = await loadChecks([join(folder, 'one'), join(folder, 'none'), join(folder, 'again'), join(folder, 'one')]);
    expect(checks.map(({ id }) => id)).toEqual(['a-check']);
  });

  it('refuses an id two files share', async () => {
    await Promise.all([file('one/a-check.sql'), file('two/a-check.sql')]);
    await expect(loadChecks([join(folder, 'one'), join(folder, 'two')], folder)).rejects.toMatchObject({
      code: 'config.invalid',
      message: '1 problem: two/a-check.sql:1:1: check id "a-check" is taken by one/a-check.sql: rename this file',
    });
  });

  it("refuses a project's check with the id of one of dbctl's own", async () => {
    await file('version-pin.sql');
    await expect(loadChecks([builtInFolder(), folder], folder)).rejects.toMatchObject({
      message: expect.stringContaining('check id "version-pin" is taken by '),
    });
  });

  it('names every problem of every file', async () => {
    await Promise.all([
      file('a.sql', 'own', HEADER.replace('severity: low', 'severty: low')),
      file('b.sql', 'own', HEADER.replace('cluster', 'table')),
    ]);
    await expect(loadChecks([folder], folder)).rejects.toMatchObject({
      code: 'config.invalid',
      message: '3 problems, the first: a.sql:1:1: missing key "severity": add a line --! severity: …',
      detail: [
        'a.sql:1:1: missing key "severity": add a line --! severity: …',
        'a.sql:2:5: unknown key "severty", did you mean "severity"?',
        'b.sql:3:12: scope is one of cluster, database, not "table"',
      ].join('\n'),
    });
  });

  it('says when the folder is none', async () => {
    await file('a-check.sql');
    await expect(loadChecks([join(folder, 'a-check.sql')])).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('cannot read the folder of checks'),
    });
  });
});
