import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageLine, parseOsRelease } from '../tools/advice.ts';
import { runProgram } from '../process/program.ts';
import type { Zstd } from './compression.ts';
import { nodeHasZstd } from './node-zstd.ts';

/** A program that takes longer to say its version is not one to wait for. */
const PATIENCE_MS = 5_000;

/** Folders programs are in. PATH is not asked: what runs here reads every row, and servers run archive_command with any PATH. */
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/bin', '/opt/homebrew/bin', '/opt/local/bin'];

/** Who does zstd: Node.js, else the first program in the usual folders that runs. Looked for once. */
export function findZstd(): Promise<Zstd> {
  return (found ??= look());
}

let found: Promise<Zstd> | undefined;

async function look(): Promise<Zstd> {
  if (nodeHasZstd) return { kind: 'node' };
  for (const folder of FOLDERS) {
    const program = join(folder, 'zstd');
    if (await runs(program)) return { kind: 'program', path: program };
  }
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  return { kind: 'none', install: packageLine(process.platform, release, 'zstd') };
}

async function runs(program: string): Promise<boolean> {
  try {
    await access(program, constants.X_OK);
    const { stdout } = await runProgram({ file: program, args: ['--version'], signal: AbortSignal.timeout(PATIENCE_MS) });
    return /zstandard/i.test(stdout);
  } catch {
    return false;
  }
}
