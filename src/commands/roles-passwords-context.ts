import path from 'node:path';
import type { RolesFile } from '../config/roles/load.ts';
import type { Operator } from '../ops/roles/password/change-password.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

/** roles.yaml of the environment, and its folder. Fails with config.invalid. */
export async function rolesFileOf(context: Context): Promise<{ file: RolesFile; folder: string }> {
  const { loadRolesFile } = await import('../config/roles/load.ts');
  const { config, folder } = await context.config();
  const at = path.join(folder, config.roles.file);
  return { file: await loadRolesFile(at, context.cwd, context.globals.env), folder: path.dirname(at) };
}

/** Those who log in for a role: its two logins, or itself; none where it is a group. */
export function loginNames({ roles }: RolesFile, role: string): readonly string[] {
  const { login, logins } = roles[role] ?? { login: false };
  return logins ?? (login ? [role] : []);
}

/** The role of the file each login is of. */
export function roleOfLogin(file: RolesFile): (login: string) => string | null {
  const roles = new Map(Object.keys(file.roles).flatMap((role) => loginNames(file, role).map((login) => [login, role])));
  return (login) => roles.get(login) ?? null;
}

/** Who is at work, for the records. */
export async function operatorOf(context: Context): Promise<Operator> {
  const { name, commit, ciJob, toolVersion } = (await migrateSettings(context)).operator;
  return { operator: name, commit, ciJob, toolVersion };
}
