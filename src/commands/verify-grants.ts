import type { ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import type { Selected } from '../ops/verify/select.ts';
import type { Context } from './context.ts';
import { projectPolicy } from './verify-project.ts';

/** What the checks need that run on the major version the project is pinned to. */
export async function showGrants({ run: checks }: Selected, options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ neededGrants }, { grantItems, grantScript }, { skipReason }, { advisories }, policy] = await Promise.all([
    import('../ops/verify/grants.ts'),
    import('../ops/verify/grant-script.ts'),
    import('../ops/verify/run.ts'),
    import('../ops/verify/advisories.ts'),
    projectPolicy(context),
  ]);
  const major = Math.floor(policy.pin / 10_000);
  const running = checks.filter((check) => skipReason(check, major, { policy, advisories }) === null);
  const role = roleOf(options);
  const grants = neededGrants(running, role);
  const text = grantScript(grants, { role, login: options['nologin'] !== true, major, checks: running.length });
  return { ok: true, items: grantItems(grants), summary: { checks: running.length, role, major }, view: { text } };
}

function roleOf(options: ParsedOptions): string {
  const name = (options['role'] as string | undefined) ?? 'dbctl_verify';
  // $do$ would end the block that makes the role.
  if (/^(?!pg_)[^\p{C}$]+$/u.test(name) && Buffer.byteLength(name) <= 63) return name;
  return fail('usage', `--role: ${JSON.stringify(name)} is no name for a role`, {
    hint: 'Name one of up to 63 bytes, without $, that does not begin with pg_.',
  });
}
