import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { cliReport, type CliReport } from '../../../support/cli-report.ts';
import type { CliOptions } from '../../../support/cli.ts';
import { databaseUrl, onServer } from '../../../support/connection.ts';
import { startServer, type ServerOptions, type TestServer } from '../../../support/server.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** Of every login; they are those of a throw-away server. */
export const LAB_PASSWORD = 'as-long-as-the-test';

/** The reference project on a server of its own, as a team would have it: migrated, guarded, its roles applied, its logins able to log in. */
export interface ReferenceLab {
  readonly server: TestServer;
  /** Its folder: dbctl.yaml, roles.yaml, migrations, runbooks. */
  readonly project: string;
  /** Of a login; without one of the superuser. */
  url(login?: string, database?: string): string;
  /** Runs a command of the built program as a login, in environment ci; without one as the superuser. */
  dbctl(args: readonly string[], login?: string, options?: CliOptions): Promise<CliReport>;
  /** A session of a login for the length of `use`; without one of the superuser. */
  as<T>(login: string | undefined, use: (client: pg.Client) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export interface LabOptions extends ServerOptions {
  /** What every URL ends with, by the server: certificates. */
  readonly parameters?: (server: TestServer) => Readonly<Record<string, string>>;
}

const SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  log_line_prefix: '%e %u ',
};

/** A server with the project's database, empty but for what only a superuser may put there. */
export async function startLab({ parameters, ...options }: LabOptions = {}): Promise<ReferenceLab> {
  const server = await startServer({ ...options, settings: { ...SETTINGS, ...options.settings } });
  const secured = (plain: string): string => {
    const url = new URL(plain);
    for (const [name, value] of Object.entries(parameters?.(server) ?? {})) url.searchParams.set(name, value);
    return url.href;
  };
  await onServer(
    secured(server.url()),
    `create database lab template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'`,
  );
  const project = mkdtempSync(join(tmpdir(), 'dbctl-reference-lab-'));
  for (const name of ['dbctl.yaml', 'roles.yaml', 'migrations', 'runbooks'])
    cpSync(join(root, name), join(project, name), { recursive: true });
  const url = (login?: string, database = 'lab'): string => {
    const found = new URL(secured(databaseUrl(server.url(), database)));
    if (login !== undefined) [found.username, found.password] = [login, LAB_PASSWORD];
    return found.href;
  };
  return {
    server,
    project,
    url,
    dbctl: (args, login, options = {}) =>
      cliReport([...args, '--env', 'ci'], { cwd: project, ...options, env: { DATABASE_URL: url(login), ...options.env } }),
    async as(login, use) {
      const client = new pg.Client({ connectionString: url(login) });
      client.on('error', () => {});
      await client.connect();
      try {
        return await use(client);
      } finally {
        await client.end();
      }
    },
    async stop() {
      await server.stop();
      rmSync(project, { recursive: true, force: true });
    },
  };
}

/** The lab with everything in it. */
export async function startReferenceLab(options: LabOptions = {}): Promise<ReferenceLab> {
  const lab = await startLab(options);
  try {
    await expectDone(lab, ['migrate', 'up']);
    await expectDone(lab, ['roles', 'apply', '--yes']);
    await letLoginsIn(lab);
    await expectDone(lab, ['seed']);
    return lab;
  } catch (thrown) {
    await lab.stop();
    throw thrown;
  }
}

export async function expectDone(lab: ReferenceLab, args: readonly string[], login?: string): Promise<CliReport> {
  const report = await lab.dbctl(args, login);
  if (report.status !== 0)
    throw new Error(`dbctl ${args.join(' ')} ended with ${report.status}: ${report.stdout}${report.stderr}`);
  return report;
}

/** Gives each role that may log in the password of the tests. */
export const letLoginsIn = (lab: ReferenceLab): Promise<void> =>
  lab.as(undefined, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(rolname) as name from pg_roles where rolcanlogin and not rolsuper`,
    );
    for (const { name } of rows) await client.query(`alter role ${name} password '${LAB_PASSWORD}'`);
  });
