import { access, constants } from 'node:fs/promises';
import { versionText } from '../../core/pin.ts';
import { runProgram } from '../process/program.ts';

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
export type Origin = 'setting' | 'PATH' | 'system' | 'cache';

export interface ClientProgram {
  readonly name: ClientProgramName;
  readonly path: string;
  /** As it says itself, in the form of server_version_num: 180006 is 18.6. */
  readonly versionNumber: number;
  readonly version: string;
  readonly origin: Origin;
}

/** A program that takes longer to say its version is not one to wait for. */
const PATIENCE_MS = 5_000;

/** The program, its version taken by running it; undefined when it is not there or does not run. */
export async function readProgram(name: ClientProgramName, path: string, origin: Origin): Promise<ClientProgram | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await runProgram({ file: path, args: ['--version'], signal: AbortSignal.timeout(PATIENCE_MS) });
    const said = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(stdout);
    if (said === null) return undefined;
    const versionNumber = Number(said[1]) * 10_000 + Number(said[2] ?? 0);
    return { name, path, versionNumber, version: versionText(versionNumber), origin };
  } catch {
    return undefined;
  }
}

export const majorOf = (versionNumber: number): number => Math.floor(versionNumber / 10_000);
