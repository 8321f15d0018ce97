import { resolve } from 'node:path';
import { hostname } from 'node:os';
import type { SessionOptions } from '../db/session.ts';
import type { MigrateSettings } from '../ops/migrate/settings.ts';
import { version } from '../package.ts';
import type { Context } from './context.ts';

/** The variables in which CI systems name the commit they check out. */
const COMMIT_VARIABLES = ['GITHUB_SHA', 'CI_COMMIT_SHA', 'BUILD_SOURCEVERSION', 'GIT_COMMIT'];

/** And those in which they name the job, its URL first. */
const JOB_VARIABLES = ['CI_JOB_URL', 'BUILD_URL', 'GITHUB_RUN_ID', 'BUILD_BUILDID'];

/** Who runs, for the records: `ann@laptop`. */
export const operatorName = ({ user }: Context): string => `${user}@${hostname()}`;

/** What `migrations` in dbctl.yaml says, in the terms of ops/migrate. */
export async function migrateSettings(context: Context): Promise<MigrateSettings> {
  const { config, folder } = await context.config();
  const { migrations } = config;
  return {
    folder: resolve(folder, migrations.folder),
    table: migrations.table,
    lockTimeoutMs: migrations.lock_timeout,
    lockRetries: migrations.lock_retries,
    lockWaitMs: migrations.lock_wait,
    statementTimeoutMs: migrations.statement_timeout,
    operator: {
      name: operatorName(context),
      commit: firstOf(COMMIT_VARIABLES, context),
      ciJob: firstOf(JOB_VARIABLES, context),
      toolVersion: version(),
    },
  };
}

function firstOf(names: readonly string[], { variables }: Context): string | null {
  return names.map((name) => variables[name]).find((value) => value !== undefined) ?? null;
}

/** The session migrations run in: UTC, and no limits but those each migration sets for itself. */
export function migrateSession(settings: MigrateSettings, sessionSettings: Readonly<Record<string, string>>): SessionOptions {
  return {
    access: 'write',
    applicationName: 'dbctl migrate',
    statementTimeoutMs: settings.statementTimeoutMs,
    lockTimeoutMs: settings.lockTimeoutMs,
    settings: sessionSettings,
  };
}

/** `--to`: a version is a whole number above 0. */
export function parseVersion(text: string): number {
  const version_ = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(version_) || version_ === 0)
    throw new Error(`a version is a whole number above 0, not ${text}`);
  return version_;
}
