import { access, constants } from 'node:fs/promises';
import { versionText } from '../../core/pin.ts';
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

/** A program that takes longer to say its version is not one to wait for; a container has to be made first. */
const PATIENCE_MS = 5_000;
const CONTAINER_PATIENCE_MS = 30_000;

/** The program, its version taken by running it; undefined when it is not there or does not run. */
export async function readProgram(name: ClientProgramName, path: string, origin: Origin): Promise<ClientProgram | undefined> {
  try {
    await access(path, constants.X_OK);
    return await versioned({ name, path, origin }, PATIENCE_MS);
  } catch {
    return undefined;
  }
}

/** The program in an image; undefined when the image does not have it, or it does not run there. */
export async function readContained(name: ClientProgramName, image: ContainerImage): Promise<ClientProgram | undefined> {
  const path = `${image.engine} ${image.name}`;
  return versioned({ name, path, image, origin: 'container' }, CONTAINER_PATIENCE_MS).catch(() => undefined);
}

async function versioned(
  program: Pick<ClientProgram, 'name' | 'path' | 'image' | 'origin'>,
  patienceMs: number,
): Promise<ClientProgram | undefined> {
  const { stdout } = await runClient(program, { args: ['--version'], paths: [], signal: AbortSignal.timeout(patienceMs) });
  const said = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(stdout);
  if (said === null) return undefined;
  const versionNumber = Number(said[1]) * 10_000 + Number(said[2] ?? 0);
  return { ...program, versionNumber, version: versionText(versionNumber) };
}

export const majorOf = (versionNumber: number): number => Math.floor(versionNumber / 10_000);
