import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { FileLocation, Item } from '../../../core/report.ts';
import { readMigrations } from '../../migrate/file.ts';
import type { Check } from '../check.ts';
import { builtInFolder } from '../load.ts';
import { PARAMETERS } from '../parameters.ts';
import { readDefinitions, type Definitions } from './definitions.ts';
import { placeOf } from './object-place.ts';
import { keyLines, type KeyLine, type KeyLines } from './policy-lines.ts';

export interface PlaceSources {
  readonly checks: readonly Check[];
  /** Files are named relative to it: the root of the repository, where pipelines run. */
  readonly cwd: string;
  /** dbctl.yaml; null: there is none. */
  readonly configFile: string | null;
  readonly rolesFile: string;
  readonly migrationsFolder: string;
  readonly environment: string;
}

/**
 * Where an item stands in the repository: the migration that made its object; else the line of the policy that demands it, of a check of
 * the project its file, and at last the first line of dbctl.yaml. null for what is said of a waiver, which knows its line itself.
 * Reads all files first, so that it answers at once. Never fails: a file that cannot be read has no lines.
 */
export async function locator(sources: PlaceSources): Promise<(item: Item) => FileLocation | null> {
  const { checks, cwd, configFile, rolesFile, migrationsFolder } = sources;
  const shown = (path: string) => (relative(cwd, path).startsWith('..') ? path : relative(cwd, path));
  const [definitions, configText, rolesText] = await Promise.all([
    definitionsIn(migrationsFolder, shown),
    textOf(configFile),
    textOf(rolesFile),
  ]);
  const byId = new Map(checks.map((check) => [check.id, check]));
  const configShown = configFile === null ? 'dbctl.yaml' : shown(configFile);
  const [config, roles] = [keyLines(configText), keyLines(rolesText)];
  const policy: PolicyFiles = { config, configShown, roles, rolesShown: shown(rolesFile), environment: sources.environment };
  return (item) => {
    if (item['group'] === 'waivers') return null;
    const check = byId.get(item.id);
    return (
      objectPlace(item, check, definitions) ??
      policyPlace(item, check, policy) ??
      ownCheckPlace(check, cwd, shown) ?? { file: configShown, line: 1 }
    );
  };
}

async function definitionsIn(folder: string, shown: (path: string) => string): Promise<Definitions> {
  const { files } = await readMigrations(folder);
  const started = performance.now();
  return readDefinitions(
    files,
    ({ path }) => shown(path),
    () => performance.now() - started,
  );
}

async function textOf(path: string | null): Promise<string> {
  return path === null ? '' : readFile(path, 'utf8').catch(() => '');
}

/** A finding names an object; what passes or cannot look names the cluster or the database, which no migration makes. */
function objectPlace(item: Item, check: Check | undefined, definitions: Definitions): FileLocation | null {
  if (item.status !== 'fail' && item.status !== 'waived') return null;
  const named = check?.group === 'extensions' ? `extension ${item.object}` : item.object;
  return placeOf(named, definitions) ?? placeOf(item.object, definitions);
}

interface PolicyFiles {
  readonly config: KeyLines;
  readonly configShown: string;
  readonly roles: KeyLines;
  readonly rolesShown: string;
  readonly environment: string;
}

/** The line of roles.yaml that has the role, or that of dbctl.yaml that has the value the check compares with. */
function policyPlace(item: Item, check: Check | undefined, files: PolicyFiles): FileLocation | null {
  const role = /^role "?([^" ,:]+)"?/.exec(item.object)?.[1];
  const line = role === undefined ? null : lineOfRole(files.roles, role);
  if (line !== null) return { file: files.rolesShown, line };
  for (const name of check?.params ?? []) {
    const place = settingPlace(PARAMETERS[name].setting, files);
    if (place !== null) return place;
  }
  return null;
}

/** A login of two (`app_1`) stands under the name they share. */
function lineOfRole(roles: KeyLines, role: string): number | null {
  const found = [role, role.replace(/_\d+$/, '')].map((name) => roles(['roles', name])).find((key) => key?.depth === 2);
  return found?.line ?? null;
}

/** What the environment's overlay says comes before what the file says for all. */
function settingPlace(setting: string, files: PolicyFiles): FileLocation | null {
  if (!/^[a-z_]+(\.[a-z_]+)*$/.test(setting)) return null;
  const path = setting.split('.');
  if (setting === 'roles') return placeIn(files.rolesShown, files.roles(path));
  const overlaid = ['environments', files.environment, 'overlay', ...path];
  const own = files.config(overlaid);
  return placeIn(files.configShown, own?.depth === overlaid.length ? own : files.config(path));
}

function placeIn(file: string, key: KeyLine | null): FileLocation | null {
  return key === null ? null : { file, line: key.line };
}

function ownCheckPlace(check: Check | undefined, cwd: string, shown: (path: string) => string): FileLocation | null {
  if (check === undefined) return null;
  const path = resolve(cwd, check.file);
  return path.startsWith(builtInFolder()) ? null : { file: shown(path), line: 1 };
}
