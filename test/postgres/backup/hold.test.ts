import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { cliReport } from '../../support/cli-report.ts';
import { newSigner, nights, sealBackups } from '../../support/sealed-backups.ts';

/** Somebody holds a backup for a court, and writes `.txt` behind its name: nothing may go before that is mended. */
let made: readonly Manifest[];
const project = mkdtempSync(join(tmpdir(), 'dbctl-hold-'));
const report = (...args: readonly string[]) =>
  cliReport(args, { cwd: project, env: { DATABASE_URL: 'postgresql://127.0.0.1:1/lab', PATH: process.env['PATH'] } });

beforeAll(async () => {
  const signer = await newSigner(project);
  made = await sealBackups(join(project, 'nightly'), signer, nights('2026-11-01', 3));
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: hold
backup:
  repositories: [{ name: nightly, type: folder, path: nightly }]
  signer: { name: test-backup, key: { file: key.pem } }
  keep: { daily: 1 }
`,
  );
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

it('stops prune and fails status until it has the name of a backup', async () => {
  const holds = join(project, 'nightly', '.holds');
  const id = made[0]?.id ?? '';
  mkdirSync(holds);
  writeFileSync(join(holds, `${id}.txt`), 'case 17\n');
  const message = `the hold on ${id}.txt is of no backup of nightly: did you mean ${id}?`;
  expect(await report('backup', 'prune', '--yes')).toMatchObject({ status: 5, error: { code: 'refused', message } });
  expect(made.every((one) => existsSync(join(project, 'nightly', one.id)))).toBe(true);
  const { items } = await report('backup', 'status');
  expect(items.find((one) => one.id === 'hold')).toMatchObject({ object: `${id}.txt`, status: 'fail', message });
  renameSync(join(holds, `${id}.txt`), join(holds, id));
  const pruned = await report('backup', 'prune', '--yes');
  expect(pruned).toMatchObject({ status: 0, summary: { kept: 2, removed: 1 } });
  expect(pruned.items.find((one) => one.id === id)).toMatchObject({ act: 'keep', message: 'held: case 17' });
});
