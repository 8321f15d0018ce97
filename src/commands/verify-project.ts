import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import type { RolesFile } from '../config/roles/load.ts';
import type { Check } from '../ops/verify/check.ts';
import type { Policy } from '../ops/verify/policy.ts';
import type { ProfileName } from '../ops/verify/profiles/profile.ts';
import type { VerifyRequest } from '../ops/verify/verify.ts';
import type { Waiver } from '../ops/verify/waiver.ts';
import type { Context } from './context.ts';

/** The checks that come with dbctl and those of the project. */
export async function projectChecks({ config, folder }: LoadedConfig, context: Context): Promise<Check[]> {
  const { builtInFolder, loadChecks } = await import('../ops/verify/load.ts');
  return loadChecks([builtInFolder(), resolve(folder, config.verify.checks)], context.cwd);
}

/** What the project asks of a database: dbctl.yaml, and roles.yaml where there is one. Fails with config.invalid where that is wrong. */
export async function projectPolicy(context: Context): Promise<Policy> {
  const [{ policyFrom }, roles, { config }] = await Promise.all([
    import('../ops/verify/policy.ts'),
    projectRoles(context),
    context.config(),
  ]);
  return policyFrom(config, roles, context.clock().toISOString().slice(0, 10));
}

/** roles.yaml; null where the project has none, and dbctl.yaml names none either. */
async function projectRoles(context: Context): Promise<RolesFile | null> {
  const { config, folder, origins } = await context.config();
  const [{ existsSync }, { loadRolesFile }] = await Promise.all([import('node:fs'), import('../config/roles/load.ts')]);
  const file = resolve(folder, config.roles.file);
  if (origins.get('roles.file')?.kind === 'default' && !existsSync(file)) return null;
  return loadRolesFile(file, context.cwd, context.globals.env);
}

/** The findings somebody of the project answers for. */
export async function projectWaivers(
  checks: readonly Check[],
  { config, folder }: LoadedConfig,
  context: Context,
): Promise<Waiver[]> {
  const [{ loadWaivers }, { DEEP_CHECKS }] = await Promise.all([
    import('../ops/verify/waivers.ts'),
    import('../ops/verify/deep-checks.ts'),
  ]);
  const { waivers } = config.verify;
  const severities = new Map([...checks, ...Object.values(DEEP_CHECKS)].map(({ id, severity }) => [id, severity]));
  return loadWaivers(resolve(folder, waivers), waivers, {
    checks: severities,
    environments: Object.keys(config.environments),
    now: context.clock(),
  });
}

/** The profile asked for, else that of dbctl.yaml; and, where it is that of a benchmark, what people attest to. */
export async function projectProfile(
  checks: readonly Check[],
  asked: ProfileName | undefined,
  { config, folder }: LoadedConfig,
  context: Context,
): Promise<Required<Pick<VerifyRequest, 'profile'>> & Pick<VerifyRequest, 'attested'>> {
  const { PROFILES, attestationRules } = await import('../ops/verify/profiles/profile.ts');
  const { profile: configured, attestations: file } = config.verify;
  const profile = PROFILES[asked ?? configured];
  if (profile.benchmark === undefined) return { profile };
  const { loadAttestations } = await import('../ops/verify/benchmark/attestations.ts');
  const rules = attestationRules(Object.keys(config.environments), context.clock());
  return { profile, attested: { checks, attestations: await loadAttestations(resolve(folder, file), file, rules) } };
}
