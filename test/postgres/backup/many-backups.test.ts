import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { ensureBuilt, runCli } from '../../support/cli.ts';
import { nights, newSigner, sealBackups } from '../../support/sealed-backups.ts';

/** A repository of years, and a shell that lets a process open no more files than an old machine does. */
const project = mkdtempSync(join(tmpdir(), 'dbctl-many-'));
const program = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));
const COUNT = 600;

const configOf = (keep: string, ...repositories: readonly string[]): string => `version: 1
project: many
backup:
  repositories: [${repositories.map((name) => `{ name: ${name}, type: folder, path: ${name} }`).join(', ')}]
  signer: { name: test-backup, key: { file: key.pem } }
  keep: ${keep}
`;

async function withFewFiles(...args: readonly string[]): Promise<Report> {
  const child = spawn(
    '/bin/sh',
    ['-c', 'ulimit -n 256; exec "$@"', '-', process.execPath, program, ...args, '--format', 'json'],
    {
      cwd: project,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return JSON.parse(await text(child.stdout)) as Report;
}

beforeAll(async () => {
  await ensureBuilt();
  const signer = await newSigner(project);
  await sealBackups(join(project, 'here'), signer, nights('2024-01-01', COUNT));
  writeFileSync(join(project, 'dbctl.yaml'), configOf(`{ daily: ${COUNT - 10} }`, 'here'));
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe(`${COUNT} backups, and 256 files a process may open`, () => {
  it('are listed, and none is taken for broken', async () => {
    const { error, summary } = await withFewFiles('backup', 'list');
    expect([error, summary]).toEqual([null, { repository: 'here', backups: COUNT, broken: 0, unread: 0 }]);
  });

  it('are pruned', async () => {
    const { error, summary } = await withFewFiles('backup', 'prune', '--yes');
    expect([error, summary]).toMatchObject([null, { kept: COUNT - 10, removed: 10 }]);
    expect(readdirSync(join(project, 'here')).filter((name) => !name.startsWith('.'))).toHaveLength(COUNT - 10);
  });
});

describe('the newest backup', () => {
  it('that cannot be trusted is passed over, and that is said: what is taken instead is older', async () => {
    const folder = join(project, 'latest');
    mkdirSync(folder);
    const made = await sealBackups(join(folder, 'here'), await newSigner(folder), nights('2026-11-01', 3));
    const [, taken = '', newest = ''] = made.map(({ id }) => id);
    rmSync(join(folder, 'here', newest, 'manifest.note'));
    writeFileSync(join(folder, 'dbctl.yaml'), configOf('{}', 'here'));
    const { status, stdout, stderr } = await runCli(['backup', 'show', 'latest'], { cwd: folder });
    expect([status, stdout]).toEqual([0, expect.stringContaining(taken) as string]);
    expect(stderr).toContain(`${newest} is newer than ${taken}, and not to be trusted: ${newest} in here has no manifest.note`);
  });
});

describe('of two repositories', () => {
  it('one that cannot be pruned is said, and the other is pruned all the same', async () => {
    const folder = join(project, 'two');
    mkdirSync(folder);
    const signer = await newSigner(folder);
    for (const name of ['first', 'second']) await sealBackups(join(folder, name), signer, nights('2026-11-01', 3));
    // Something else has the place of the notes.
    writeFileSync(join(folder, 'first', '.pruned'), '');
    writeFileSync(join(folder, 'dbctl.yaml'), configOf('{ daily: 1 }', 'first', 'second'));
    const { status, stdout } = await runCli(['backup', 'prune', '--yes', '--format', 'json'], { cwd: folder });
    const { items, summary } = JSON.parse(stdout) as Report;
    expect([status, summary]).toMatchObject([1, { kept: 4, removed: 2 }]);
    expect(items[0]).toMatchObject({
      object: 'first',
      status: 'fail',
      message: expect.stringContaining('something else is in its place') as string,
    });
    expect(items.filter(({ act }) => act === 'remove').map(({ repository }) => repository)).toEqual(['second', 'second']);
    expect(readdirSync(join(folder, 'first')).filter((name) => name.startsWith('lab-'))).toHaveLength(3);
    expect(readdirSync(join(folder, 'second')).filter((name) => name.startsWith('lab-'))).toHaveLength(1);
  });
});
