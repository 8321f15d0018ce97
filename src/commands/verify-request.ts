import { resolve } from 'node:path';
import { parseDuration } from '../config/duration.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Severity } from '../core/report.ts';
import type { Check } from '../ops/verify/check.ts';
import type { ProfileName } from '../ops/verify/profiles/profile.ts';
import type { SavedReport } from '../ops/verify/saved-report.ts';
import type { Selected } from '../ops/verify/select.ts';
import type { VerifyRequest } from '../ops/verify/verify.ts';
import type { Context } from './context.ts';
import { projectPolicy, projectProfile, projectWaivers } from './verify-project.ts';

/** Catalogs answer in milliseconds; what takes longer waits for a lock or is a broken check of the project. */
export const VERIFY_SESSION = {
  access: 'read',
  applicationName: 'dbctl verify',
  statementTimeoutMs: 15_000,
  lockTimeoutMs: 1_000,
} as const;

/** The checks a call is about. Fails as selectChecks does. */
export async function select(checks: readonly Check[], options: ParsedOptions, { config }: LoadedConfig): Promise<Selected> {
  const { selectChecks } = await import('../ops/verify/select.ts');
  const { groups, skip, required } = config.verify;
  return selectChecks(checks, {
    only: words('--only', options['only']),
    groups: words('--group', options['group']),
    configuredGroups: groups,
    skip,
    required,
  });
}

/** `--only a,b --only c` is one list. Fails with usage for an empty one: a variable that is not set would run everything. */
function words(flag: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  const found = (value as readonly string[])
    .flatMap((text) => text.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (found.length > 0) return found;
  return fail('usage', `${flag} names nothing`, {
    hint: `Run dbctl verify --list to see what there is, or leave ${flag} out to run all.`,
  });
}

/** Everything a look at the server needs besides the server. */
export async function requestOf(
  selected: Selected,
  checks: readonly Check[],
  options: ParsedOptions,
  context: Context,
): Promise<VerifyRequest> {
  const loaded = await context.config();
  const { verify, project } = loaded.config;
  const asked = options['profile'] as ProfileName | undefined;
  const [{ advisories }, { narrow, stricter }, policy, { profile, attested }] = await Promise.all([
    import('../ops/verify/advisories.ts'),
    import('../ops/verify/profiles/apply.ts'),
    projectPolicy(context),
    projectProfile(checks, asked, loaded, context),
  ]);
  const { run, leftOut } = narrow(selected, profile);
  return {
    policy: stricter(policy, profile),
    advisories,
    clock: context.clock,
    signal: context.signal,
    environment: context.globals.env,
    project,
    selected: { ...selected, run },
    leftOut,
    profile,
    deepMs: budget(options['deep']),
    ...(attested === undefined ? {} : { attested }),
    waivers: await projectWaivers(checks, loaded, context),
    baseline: await baselineOf(options, project, context),
    bar: {
      failOn: (options['failOn'] as Severity | undefined) ?? verify.fail_on,
      required: verify.required,
      strict: options['strict'] === true,
      strictWaivers: options['strictWaivers'] === true,
    },
  };
}

async function baselineOf(options: ParsedOptions, project: string, { cwd, globals }: Context): Promise<SavedReport | null> {
  const file = options['baseline'] as string | undefined;
  if (file === undefined) return null;
  const { loadBaseline } = await import('../ops/verify/baseline.ts');
  return loadBaseline(resolve(cwd, file), file, { environment: globals.env, project });
}

/** Of `--deep`, in milliseconds. Fails with usage for anything but a duration, and for none at all. */
function budget(value: unknown): number | null {
  if (value === undefined) return null;
  const hint = 'Write how long it may take: --deep 60s.';
  try {
    const ms = parseDuration(value as string);
    if (ms > 0) return ms;
  } catch (thrown) {
    return fail('usage', `--deep: ${(thrown as RangeError).message}`, { hint });
  }
  return fail('usage', '--deep: no time is too little', { hint });
}
