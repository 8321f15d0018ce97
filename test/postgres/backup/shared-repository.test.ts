import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { cliReport } from '../../support/cli-report.ts';
import { newSigner, nights, sealBackups } from '../../support/sealed-backups.ts';

/** Production and staging in one repository, their databases of one name, staging backed up last: the newest is not the one that is meant. */
let made: readonly Manifest[];
const project = mkdtempSync(join(tmpdir(), 'dbctl-shared-'));
// Nobody listens there: what is chosen is chosen before anybody connects.
const report = (...args: readonly string[]) =>
  cliReport(args, { cwd: project, env: { LAB_URL: 'postgresql://127.0.0.1:1/lab', PATH: process.env['PATH'] } });

beforeAll(async () => {
  const signer = await newSigner(project);
  const sources = [
    { environment: 'prod' },
    { environment: 'prod', since: 'nothing' as const },
    { environment: 'staging' },
    { environment: 'staging', since: 'nothing' as const },
  ];
  const wanted = nights('2026-11-01', 4).map((one, index) => ({ ...one, ...sources[index] }));
  made = await sealBackups(join(project, 'nightly'), signer, wanted);
  writeFileSync(
    join(project, 'dbctl.yaml'),
    `version: 1
project: shared
environments:
  recovery: { url: { variable: LAB_URL } }
  staging: { url: { variable: LAB_URL } }
backup:
  repositories: [{ name: nightly, type: folder, path: nightly }]
  public_keys: ["${signer.verifierKey}"]
`,
  );
});
afterAll(() => rmSync(project, { recursive: true, force: true }));
const id = (number: number) => made[number]?.id;
const data = (...args: readonly string[]) => report('restore', '--data', join(project, 'data'), '--dry-run', ...args);

it('is refused with the newest of each, where it is not clear which environment is meant', async () => {
  expect(await report('restore', '--env', 'recovery', '--yes')).toMatchObject({
    status: 5,
    error: {
      code: 'refused',
      message: `nightly has backups of prod (newest: ${id(0)}), staging (newest: ${id(2)}), and none of recovery`,
      hint: 'Say which: --of prod, or the ID of one.',
    },
  });
  const message = `nightly has backups of prod (newest: ${id(1)}), staging (newest: ${id(3)}), and none of recovery`;
  expect(await data('--env', 'recovery')).toMatchObject({ status: 5, error: { message } });
  expect(await data('--env', 'recovery', '--to', 'latest')).toMatchObject({ status: 5, error: { message } });
});

it('takes that of the environment that is said, or its own', async () => {
  expect(await data('--env', 'recovery', '--of', 'prod')).toMatchObject({ status: 0, summary: { id: id(1) } });
  expect(await data('--env', 'staging')).toMatchObject({ status: 0, summary: { id: id(3) } });
  expect(await data('--env', 'staging', '--of', 'prod')).toMatchObject({ status: 0, summary: { id: id(1) } });
  // Chosen; and nobody listens.
  expect(await report('restore', '--env', 'recovery', '--of', 'prod', '--yes')).toMatchObject({ status: 3 });
});

it('wants one way to choose', async () => {
  expect(await data(id(1) ?? '', '--env', 'recovery', '--of', 'prod')).toMatchObject({
    status: 2,
    error: { code: 'usage', message: `--of chooses a backup, and ${id(1)} is named` },
  });
});
