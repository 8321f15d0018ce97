import type { LoadedConfig } from '../../config/load.ts';
import { expectedIdentity, type ExpectedIdentity } from '../../config/identity.ts';
import type { FleetPlace } from './place.ts';

/**
 * Which server a target has to be: what targets.yaml says; without that, where it is on the environment's own server, that one. The database is
 * the environment's only where the target names no other.
 */
export async function identityAt(
  { target, inventory }: FleetPlace,
  { environment, folder }: LoadedConfig,
  cwd: string,
): Promise<ExpectedIdentity | null> {
  const { systemIdentifier, url, database, at } = target;
  if (systemIdentifier !== undefined) {
    return { systemIdentifier, database: undefined, major: undefined, from: `${inventory.label}:${at.line}` };
  }
  if (url !== undefined) return null;
  const expected = await expectedIdentity(environment, folder, cwd);
  return expected === null || database === undefined ? expected : { ...expected, database: undefined };
}
