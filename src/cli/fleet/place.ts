import { resolve } from 'node:path';
import type { Environment } from '../../config/config.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { FleetTarget, Inventory } from '../../config/targets/load.ts';

/** Where a context is that looks at one target of a fleet. */
export interface FleetPlace {
  readonly target: FleetTarget;
  readonly inventory: Pick<Inventory, 'label' | 'folder'>;
  /** dbctl.yaml of an environment, read once for all targets. */
  readonly load: (env: string) => Promise<LoadedConfig>;
}

/** The configuration with the target in the place of the environment's database. Pure: what targets share is never changed. */
export function configAt({ target, inventory }: FleetPlace, loaded: LoadedConfig): LoadedConfig {
  const environment = environmentAt(target, inventory.folder, loaded.environment);
  const environments = { ...loaded.config.environments, [environment.name]: environment };
  return Object.freeze({ ...loaded, environment, config: Object.freeze({ ...loaded.config, environments }) });
}

/** With a URL of its own it is another server: what the environment says of its own one does not hold. */
function environmentAt(target: FleetTarget, folder: string, environment: Environment): Environment {
  const tls = target.tls ?? environment.tls;
  const { url } = target;
  if (url === undefined) {
    return { ...environment, tls, system_identifier: target.systemIdentifier ?? environment.system_identifier };
  }
  const absolute = 'file' in url ? { file: resolve(folder, url.file) } : url;
  return { ...environment, url: absolute, embedded: false, tls, system_identifier: target.systemIdentifier };
}
