import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { versionText } from '../../core/pin.ts';
import { askVersions } from './ask-versions.ts';
import type { ContainerImage } from './container.ts';
import { runClient } from './run.ts';

/** The client programs dbctl runs, or names in a runbook. */
export const CLIENT_PROGRAMS = [
  'psql',
  'pg_dump',
  'pg_dumpall',
  'pg_restore',
  'pg_basebackup',
  'pg_verifybackup',
  'pg_combinebackup',
  'pg_receivewal',
  'pg_waldump',
  'pg_amcheck',
] as const;

export type ClientProgramName = (typeof CLIENT_PROGRAMS)[number];

/** Where a program was found, in the order in which places are asked. */
export type Origin = 'setting' | 'PATH' | 'system' | 'cache' | 'container';

export interface ClientProgram {
  readonly name: ClientProgramName;
  /** Of the program; of one in a container, how people call the engine and the image. */
  readonly path: string;
  /** Absent: it is a program of this machine. */
  readonly image?: ContainerImage;
  /** As it says itself, in the form of server_version_num: 180006 is 18.6. */
  readonly versionNumber: number;
  readonly version: string;
  readonly origin: Origin;
}

/** A program that takes longer to say its version is not one to wait for; a container has to be made first. Less than verify waits for facts. */
const PATIENCE_MS = 4_000;
const CONTAINER_PATIENCE_MS = 30_000;

/** A program that may be there. */
export type Candidate = Pick<ClientProgram, 'name' | 'path' | 'origin'>;

/** Those of them that are there, their versions taken by running them; what does not run is left out, and so is Debian's wrapper. */
export async function readPrograms(candidates: readonly Candidate[]): Promise<ClientProgram[]> {
  const real = await Promise.all(candidates.map(({ path }) => realpath(path).catch(() => null)));
  const paths = candidates.flatMap(({ path }, at) => (isProgram(real[at] ?? null) ? [path] : []));
  const said = await askVersions(paths, PATIENCE_MS);
  return candidates.flatMap((candidate) => versioned(candidate, said.get(candidate.path) ?? '') ?? []);
}

/**
 * /usr/bin/pg_dump of Debian is a link to a script that chooses among the folders in /usr/lib/postgresql by the clusters of the machine and by
 * variables of its caller. These folders are looked into themselves, and a program that may be another one next time is none to take.
 */
const isProgram = (real: string | null): boolean => real !== null && basename(real) !== 'pg_wrapper';

/** The program in an image; undefined when the image does not have it, or it does not run there. */
export async function readContained(name: ClientProgramName, image: ContainerImage): Promise<ClientProgram | undefined> {
  const program = { name, path: `${image.engine} ${image.name}`, image, origin: 'container' as const };
  const signal = AbortSignal.timeout(CONTAINER_PATIENCE_MS);
  const ran = await runClient(program, { args: ['--version'], paths: [], signal }).catch(() => undefined);
  return ran === undefined ? undefined : versioned(program, ran.stdout);
}

/** As it says itself: "pg_dump (PostgreSQL) 18.6 (Debian 18.6-1)". */
function versioned(program: Candidate & Pick<ClientProgram, 'image'>, answer: string): ClientProgram | undefined {
  const said = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(answer);
  if (said === null) return undefined;
  const versionNumber = Number(said[1]) * 10_000 + Number(said[2] ?? 0);
  return { ...program, versionNumber, version: versionText(versionNumber) };
}

export const majorOf = (versionNumber: number): number => Math.floor(versionNumber / 10_000);
