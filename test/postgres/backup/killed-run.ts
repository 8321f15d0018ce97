import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';

/** A project whose runs are killed, with a repository called `backups` beside dbctl.yaml. */
export interface KillProject {
  readonly backups: string;
  /** Makes the folder, dbctl.yaml and the key. */
  readonly prepare: () => Promise<void>;
  /** Runs the command to its end; its report. */
  readonly dbctl: (...args: readonly string[]) => Promise<Report & { readonly status: number | null }>;
  /** Runs it, and kills it when `reached` says so of the folder in which the backup is being made; the signal that ended it. */
  readonly killWhen: (reached: (making: string) => boolean, ...args: readonly string[]) => Promise<NodeJS.Signals | null>;
  /** What looks like a backup. */
  readonly made: () => string[];
  /** What was left by runs that were killed. */
  readonly left: () => string[];
}

export const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

const PROGRAM = fileURLToPath(new URL('../../../bin/dbctl.js', import.meta.url));

export function killProject(folder: string, url: () => string, settings = ''): KillProject {
  const backups = join(folder, 'backups');
  const env = () => ({ DATABASE_URL: url(), PATH: process.env['PATH'], HOME: process.env['HOME'] });
  const names = () => (existsSync(backups) ? readdirSync(backups) : []);
  const dbctl: KillProject['dbctl'] = async (...args) => {
    const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], {
      cwd: folder,
      env: env(),
      timeoutMs: 120_000,
    });
    if (!stdout.startsWith('{')) throw new Error(stderr);
    return { ...(JSON.parse(stdout) as Report), status };
  };
  return {
    backups,
    dbctl,
    made: () => names().filter((name) => !name.startsWith('.')),
    left: () => names().filter((name) => name.startsWith('.partial')),
    prepare: async () => {
      mkdirSync(folder);
      writeFileSync(
        join(folder, 'dbctl.yaml'),
        `version: 1
project: kill
environments: { dev: { url: { variable: DATABASE_URL } } }
backup:
  repositories: [{ name: here, type: folder, path: backups }]
  signer: { name: kill, key: { file: key.pem } }
${settings}`,
      );
      await dbctl('ledger', 'key', 'key.pem', '--name', 'kill');
    },
    killWhen: async (reached, ...args) => {
      const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env: env(), stdio: 'ignore' });
      const state = { ended: false };
      child.on('close', () => (state.ended = true));
      while (!state.ended) {
        const making = names().find((name) => name.startsWith('.partial'));
        try {
          if (making !== undefined && reached(join(backups, making))) child.kill('SIGKILL');
        } catch {
          // It has its name meanwhile: looked for again.
        }
        await new Promise((go) => setImmediate(go));
      }
      return child.signalCode;
    },
  };
}
