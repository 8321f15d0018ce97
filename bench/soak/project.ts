import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { Report } from '../../src/core/report.ts';
import { runCli } from '../../test/support/cli.ts';
import { makeServerFolder, type TestServer } from '../../test/support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The reference project in a folder of its own, with a repository that encrypts, and the built dbctl to run in it. */
export interface SoakProject {
  readonly folder: string;
  readonly repository: string;
  readonly identity: string;
  /** Fails with what it printed when it does not end with 0. */
  dbctl(args: readonly string[], signal?: AbortSignal): Promise<string>;
  report(args: readonly string[]): Promise<Report>;
  remove(): void;
}

export async function soakProject(server: TestServer): Promise<SoakProject> {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-soak-'));
  const state = await makeServerFolder();
  chmodSync(state, 0o711);
  const env = {
    SOURCE_URL: server.url('lab'),
    AGAIN_URL: server.url('lab_again'),
    DBCTL_STATE_HOME: state,
    PATH: process.env['PATH'],
  };
  const dbctl = async (args: readonly string[], signal?: AbortSignal): Promise<string> => {
    const options = { cwd: folder, env, timeoutMs: 1_800_000, ...(signal === undefined ? {} : { signal }) };
    const { status, stdout, stderr } = await runCli(args, options);
    if (status !== 0)
      throw new Error(`dbctl ${args.join(' ')} ended with ${status}: ${stdout.slice(-3_000)}${stderr.slice(-3_000)}`);
    return stdout;
  };
  const identity = join(folder, 'identity');
  const made = JSON.parse(await dbctl(['backup', 'key', identity, '--format', 'json'])) as Report;
  cpSync(join(ROOT, 'migrations'), join(folder, 'migrations'), { recursive: true });
  const reference = parse(readFileSync(join(ROOT, 'dbctl.yaml'), 'utf8')) as Record<string, unknown>;
  const config = {
    ...reference,
    environments: { dev: { url: { variable: 'SOURCE_URL' } }, again: { url: { variable: 'AGAIN_URL' } } },
    ledger: { signer: { name: 'soak', key: { file: 'key.pem' } } },
    backup: {
      repositories: [{ name: 'local', type: 'folder', path: 'backups' }],
      encryption: { recipients: [made.summary['recipient']] },
    },
    dev: { database: 'lab' },
  };
  writeFileSync(join(folder, 'dbctl.yaml'), stringify(config));
  await dbctl(['ledger', 'key', 'key.pem', '--name', 'soak']);
  return {
    folder,
    repository: join(folder, 'backups'),
    identity,
    dbctl,
    report: async (args) => JSON.parse(await dbctl([...args, '--format', 'json'])) as Report,
    remove: () => [folder, state].forEach((path) => rmSync(path, { recursive: true, force: true })),
  };
}
