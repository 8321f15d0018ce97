import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OsRelease } from '../ops/tools/advice.ts';
import type { ToolPlaces } from '../ops/tools/find.ts';
import type { Context } from './context.ts';

/** Where client programs are looked for, and for which major. Fails with config.invalid. */
export async function toolsContext(context: Context): Promise<{ places: ToolPlaces; major: number; release: OsRelease }> {
  const { parseOsRelease } = await import('../ops/tools/advice.ts');
  const { config, folder } = await context.config();
  const { programs, container_image: image } = config.backup;
  return {
    places: await toolPlaces(context, programs === undefined ? null : resolve(folder, programs), image),
    major: Number(config.postgres.version.split('.')[0]),
    release: parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => '')),
  };
}

/** `setting` is the folder of backup.programs; null: everywhere else. `image` is backup.container_image. */
export async function toolPlaces({ variables, home }: Context, setting: string | null, image?: string): Promise<ToolPlaces> {
  const [{ cacheFolder }, { engineVariables }] = await Promise.all([
    import('../ops/tools/cache-folder.ts'),
    import('../ops/dev/container-arguments.ts'),
  ]);
  const places = { setting, path: variables['PATH'] ?? '', cache: cacheFolder({ variables, home, uid: process.getuid?.() }) };
  // Elsewhere an engine runs in a machine of its own, whose network and folders are not these.
  if (image === 'none' || process.platform !== 'linux') return places;
  return { ...places, container: { image: image ?? null, variables: engineVariables(variables) } };
}
