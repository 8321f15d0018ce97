import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../../src/core/report.ts';
import { onServer } from '../../../test/support/connection.ts';
import { runCli } from '../../../test/support/cli.ts';
import type { TestServer } from '../../../test/support/server.ts';

/** Whose login dbctl takes: three environments of one database. */
export type Login = 'owner' | 'archiver' | 'verifier';

export interface RetentionProject {
  /** What the command answered. Fails with it where it ends with something else than 0. */
  dbctl(login: Login, ...args: readonly string[]): Promise<Report>;
  remove(): void;
}

const CONFIG = `version: 1
project: soak
environments:
  owner: { url: { variable: OWNER_URL } }
  archiver: { url: { variable: ARCHIVER_URL } }
  verifier: { url: { variable: VERIFIER_URL } }
immutability:
  archivers: [soak_archiver]
  archive_verifiers: [soak_verifier]
  tables: [{ table: audit.log }]
ledger:
  signer: { name: soak, key: { file: key.pem } }
  sinks: [{ name: notes, type: folder, path: notes }, { name: elsewhere, type: log, path: elsewhere.txt }]
archive:
  destinations: [{ name: cold, type: folder, path: cold }]
retention:
  rules: [{ table: audit.log, keep: 13 months, then: archive, as: FORMAT, basis: a soak }]
`;

/** A project whose one rule archives, and two people's logins of it: one exports and removes, the other reads back. */
export async function retentionProject(server: TestServer, format: string): Promise<RetentionProject> {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-soak-'));
  const url = (login: Login) => {
    const made = new URL(server.url('lab'));
    if (login !== 'owner') Object.assign(made, { username: `soak_${login}`, password: 'soak' });
    return made.href;
  };
  const env = { OWNER_URL: url('owner'), ARCHIVER_URL: url('archiver'), VERIFIER_URL: url('verifier') };
  const dbctl = async (login: Login, ...args: readonly string[]): Promise<Report> => {
    const options = { cwd: folder, env, timeoutMs: 1_800_000 };
    const { status, stdout, stderr } = await runCli([...args, '--env', login, '--format', 'json'], options);
    if (status !== 0)
      throw new Error(`dbctl ${args.join(' ')} ended with ${status}: ${stdout.slice(-4_000)}${stderr.slice(-2_000)}`);
    return JSON.parse(stdout) as Report;
  };
  const file = join(folder, 'dbctl.yaml');
  writeFileSync(file, CONFIG.replace('FORMAT', format));
  const { summary } = await dbctl('owner', 'ledger', 'key', 'key.pem', '--name', 'soak');
  const pinned = `  public_keys: [${summary['verifierKey'] as string}]`;
  writeFileSync(file, CONFIG.replace('FORMAT', format).replace('ledger:', `ledger:\n${pinned}`));
  return { dbctl, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Their rights, once the objects are there. */
export const grantLogins = (server: TestServer): Promise<void> =>
  onServer(
    server.url('lab'),
    `grant usage on schema audit to soak_archiver, soak_verifier`,
    `grant select on all tables in schema audit to soak_archiver, soak_verifier`,
    `grant temporary on database lab to soak_archiver, soak_verifier`,
    `grant dbctl_auditor to soak_archiver, soak_verifier`,
    `grant insert on dbctl.run to soak_archiver`,
  );
