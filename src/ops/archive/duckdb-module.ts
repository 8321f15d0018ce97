import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fail } from '../../core/errors.ts';
import { packageFolder } from '../../package.ts';

/** Where @duckdb/node-api was found. */
export interface DuckdbModule {
  readonly module: string;
}

/** Who makes a Parquet file: dbctl itself, or DuckDB in a process beside it. */
export type ParquetWriter = 'built-in' | DuckdbModule;

export const DUCKDB_PROGRAM = join(packageFolder(), 'bin', 'duckdb-parquet.mjs');

const PACKAGE = '@duckdb/node-api';

/** The package as the project has it, or as dbctl itself has. Fails with refused where it is not installed. */
export function findDuckdb(projectFolder: string): DuckdbModule {
  for (const place of [join(projectFolder, 'package.json'), fileURLToPath(import.meta.url)]) {
    try {
      return { module: createRequire(place).resolve(PACKAGE) };
    } catch {
      // The next place.
    }
  }
  return fail('refused', `archive.parquet_writer is duckdb, and ${PACKAGE} is not installed in ${projectFolder}`, {
    hint: `Run npm install ${PACKAGE} there, or take archive.parquet_writer: built-in. Nothing was read.`,
  });
}

/** Fails with refused where DuckDB cannot be started here, before a row is read. */
export async function requireDuckdb({ module }: DuckdbModule): Promise<void> {
  if (process.platform === 'win32')
    fail('refused', 'archive.parquet_writer is duckdb, which needs pipes that have names, and Windows has none', {
      hint: 'Take archive.parquet_writer: built-in. Nothing was read.',
    });
  await promisify(execFile)(process.execPath, [DUCKDB_PROGRAM, module, 'check']).catch((thrown: Error & { stderr?: string }) =>
    fail(
      'refused',
      `archive.parquet_writer is duckdb, and DuckDB does not start: ${saidBy(thrown.stderr ?? '').failed ?? thrown.message}`,
      {
        hint: `Install ${PACKAGE} anew for this machine, or take archive.parquet_writer: built-in. Nothing was read.`,
      },
    ),
  );
}

/** The last line of the program; empty: it was ended, or said something else. */
export function saidBy(text: string): { readonly done?: number; readonly failed?: string } {
  try {
    return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as { done?: number; failed?: string };
  } catch {
    return {};
  }
}
