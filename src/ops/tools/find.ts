import { readdir, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { cachedMajors, cachedPrograms } from './cache-folder.ts';
import { CONTAINED } from './container.ts';
import { findImage, type ContainerPlace } from './container-engine.ts';
import {
  CLIENT_PROGRAMS,
  majorOf,
  readContained,
  readPrograms,
  type ClientProgram,
  type ClientProgramName,
  type Origin,
} from './program.ts';

export interface ToolPlaces {
  /** The folder of backup.programs; it alone is asked where it is set. */
  readonly setting: string | null;
  /** The PATH variable. */
  readonly path: string;
  readonly cache: string;
  /** Asked last, and only where no folder was set; absent: no container is. */
  readonly container?: ContainerPlace;
}

/** What was found of one program. */
export interface FoundProgram {
  readonly name: ClientProgramName;
  /** The one dbctl takes: the newest that fits; null: none does. */
  readonly taken: ClientProgram | null;
  /** All that run, newest first; of one version the first place asked. */
  readonly all: readonly ClientProgram[];
}

/** Majors whose folders of the distribution are looked into; newer ones are in the listing of their parent. */
const PARENTS = [
  '/usr/lib/postgresql',
  '/usr/local/opt',
  '/opt/homebrew/opt',
  '/usr',
  '/usr/local',
  '/Library/PostgreSQL',
  '/opt',
];
const FOLDER = /^(?:postgresql@|libpq|pgsql-|postgresql-)?\d*$/;

/**
 * Looks for client programs for a server of `major`: a program must not be older than the server, and of those that are not the newest
 * is taken. Each is run to say its version, so that what is found also runs. Where there is none, one in a container is taken.
 */
export async function findPrograms(
  places: ToolPlaces,
  major: number,
  names: readonly ClientProgramName[] = CLIENT_PROGRAMS,
): Promise<FoundProgram[]> {
  const folders = await foldersOf(places);
  const found = await readPrograms(
    names.flatMap((name) => folders.map(({ folder, origin }) => ({ name, path: join(folder, name), origin }))),
  );
  const here = names.map((name) => judged(name, newestFirst(found.filter((one) => one.name === name)), major));
  return withContained(here, places, major);
}

const judged = (name: ClientProgramName, all: readonly ClientProgram[], major: number): FoundProgram => ({
  name,
  taken: all.find(({ versionNumber }) => majorOf(versionNumber) >= major) ?? null,
  all,
});

/** An engine is asked only for what is missing: a container takes half a second to start, each time. */
async function withContained(found: readonly FoundProgram[], places: ToolPlaces, major: number): Promise<FoundProgram[]> {
  const wanted = found.filter(({ name, taken }) => taken === null && CONTAINED.includes(name));
  if (places.container === undefined || places.setting !== null || wanted.length === 0) return [...found];
  const answer = await findImage(places.container, major);
  if (answer.kind !== 'found') return [...found];
  return Promise.all(
    found.map(async (one) => {
      if (!wanted.includes(one)) return one;
      const contained = await readContained(one.name, answer.image);
      return contained === undefined ? one : judged(one.name, newestFirst([...one.all, contained]), major);
    }),
  );
}

/** The program to run against a server of `major`. Fails with refused, saying what was found instead and how to get it. */
export async function requireProgram(name: ClientProgramName, places: ToolPlaces, major: number): Promise<ClientProgram> {
  const [found] = await findPrograms(places, major, [name]);
  return takenOf(name, found, major);
}

/** The same of two, looked for at the same time; where both are missing the first is named. */
export async function requirePrograms(
  names: readonly [ClientProgramName, ClientProgramName],
  places: ToolPlaces,
  major: number,
): Promise<[ClientProgram, ClientProgram]> {
  const [first, second] = await findPrograms(places, major, names);
  return [takenOf(names[0], first, major), takenOf(names[1], second, major)];
}

function takenOf(name: ClientProgramName, found: FoundProgram | undefined, major: number): ClientProgram {
  const taken = found?.taken ?? null;
  if (taken !== null) return taken;
  const [other] = found?.all ?? [];
  const said = other === undefined ? 'is not there' : `is of version ${other.version} (${other.path})`;
  return fail('refused', `${name} for PostgreSQL ${major} ${said}`, {
    hint: 'dbctl tools install brings it, or says how; dbctl tools status shows what was looked at.',
  });
}

/** The program of this very major; null: it is not there. For those that read files of a server, whose format changes from major to major. */
export async function findSameMajor(name: ClientProgramName, places: ToolPlaces, major: number): Promise<ClientProgram | null> {
  const [found] = await findPrograms(places, major, [name]);
  return found?.all.find(({ versionNumber }) => majorOf(versionNumber) === major) ?? null;
}

/** In the order in which they are asked, each once: /bin is /usr/bin on most machines, and on PATH beside it. */
async function foldersOf(places: ToolPlaces): Promise<{ folder: string; origin: Origin }[]> {
  const named = await namedFolders(places);
  const real = await Promise.all(named.map(({ folder }) => realpath(folder).catch(() => null)));
  return named.filter((_, at) => real[at] !== null && real.indexOf(real[at] ?? null) === at);
}

async function namedFolders({ setting, path, cache }: ToolPlaces): Promise<{ folder: string; origin: Origin }[]> {
  if (setting !== null) return [{ folder: setting, origin: 'setting' }];
  // A relative folder on PATH means another program in every folder one stands in.
  const onPath = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const installed = await Promise.all(
    PARENTS.map(async (parent) =>
      (await readdir(parent).catch(() => []))
        .filter((name) => FOLDER.test(name) && /\d|libpq/.test(name))
        .map((name) => join(parent, name, 'bin')),
    ),
  );
  return [
    ...onPath.map((folder) => ({ folder, origin: 'PATH' as const })),
    ...installed.flat().map((folder) => ({ folder, origin: 'system' as const })),
    ...(await cachedMajors(cache)).map((major) => ({ folder: cachedPrograms(cache, major).bin, origin: 'cache' as const })),
  ];
}

/** Stable, so that of equal versions the place asked first stays first. */
const newestFirst = (programs: readonly ClientProgram[]): ClientProgram[] =>
  programs.toSorted((a, b) => b.versionNumber - a.versionNumber);
