import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { DbctlError, fail } from '../../core/errors.ts';
import { signalGroup } from '../process/group.ts';
import { DUCKDB_PROGRAM, saidBy, type DuckdbModule } from './duckdb-module.ts';
import type { ArchivedColumn } from './manifest.ts';
import { noValue, parquetType } from './parquet-column.ts';
import type { ByteSink } from './rows-writer.ts';

/**
 * What DuckDB itself may take, and the process around it some 100 MB more. A row group is what it holds packed and unpacked, and what a reader does.
 */
const SETTINGS = { memory: '128MB', threads: 1, group: 10_240 } as const;

/** `cat` makes pipes of what are sockets between Node.js and a child, which nobody can open by name. */
const LINE = 'cat | "$0" "$@" | cat';

/**
 * Rows in the text format of COPY become a Parquet file that DuckDB writes, in a process of its own. Between the two are pipes: neither the rows nor
 * the file are on a disk before `into` has them. Fails with refused where a value has no place in Parquet, or the memory is not enough.
 */
export function duckdbSink({ module }: DuckdbModule, columns: readonly ArchivedColumn[], into: ByteSink): ByteSink {
  requireOtherNames(columns);
  const settings = JSON.stringify({ ...SETTINGS, columns: columns.map((one) => ({ name: one.name, kind: kindOf(one) })) });
  // A group of its own, so that all three are ended together.
  const child = spawn('sh', ['-c', LINE, process.execPath, DUCKDB_PROGRAM, module, 'write', settings], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { stdin, stdout, stderr } = child as ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };
  // A program that ended early says why on the other stream.
  stdin.on('error', () => {});
  const ended = Promise.all([passOn(stdout, into), text(stderr), once(child, 'close')]);
  ended.catch(() => signalGroup(child, 'SIGKILL'));
  const outcome = async (): Promise<void> => {
    const [, said] = await ended;
    const { done, failed } = saidBy(said);
    if (done === undefined) throw reasonOf(failed ?? 'it was ended', columns);
  };
  return {
    write: async (bytes) => {
      // Its memory is used again: what the pipe has not taken must not wait.
      const taken = await new Promise<boolean>((resolve) =>
        stdin.write(bytes, (error) => resolve(error === null || error === undefined)),
      );
      if (taken) return;
      await outcome();
      throw reasonOf('it took no more rows', columns);
    },
    end: async () => {
      stdin.end();
      await outcome();
      await into.end();
    },
    stop: async () => {
      signalGroup(child, 'SIGKILL');
      await ended.catch(() => {});
    },
  };
}

async function passOn(from: Readable, into: ByteSink): Promise<void> {
  for await (const piece of from) await into.write(piece as Buffer);
}

/** The kinds of bin/duckdb-parquet.mjs: what stands in the file is what our own writer puts there. */
function kindOf(column: ArchivedColumn): string {
  const { type, logical_type: logical } = parquetType(column).element;
  if (type === 'BOOLEAN') return 'boolean';
  if (type === 'DOUBLE') return 'float8';
  if (logical?.type === 'DATE') return 'date';
  if (logical?.type === 'TIMESTAMP') return logical.isAdjustedToUTC ? 'timestamptz' : 'timestamp';
  if (logical?.type === 'STRING') return 'text';
  return type === 'BYTE_ARRAY' ? 'bytea' : type === 'INT32' ? 'int4' : 'int8';
}

/** Names of DuckDB are the same in small letters and large ones. */
function requireOtherNames(columns: readonly ArchivedColumn[]): void {
  const seen = new Map<string, string>();
  for (const { name } of columns) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      fail('refused', `DuckDB takes the columns ${other} and ${name} for one`, {
        hint: 'Take archive.parquet_writer: built-in.',
      });
    seen.set(name.toLowerCase(), name);
  }
}

function reasonOf(failed: string, columns: readonly ArchivedColumn[]): Error {
  const [, column = '', value = ''] = /no value (\d+) (.*)$/.exec(failed) ?? [];
  const found = columns[column === '' ? -1 : Number(column)];
  if (found !== undefined) return noValue(found, value);
  return new DbctlError('archive.failed', `DuckDB could not write the rows: ${failed.split('\n')[0]}`, {
    hint: 'Nothing was stored. Take archive.parquet_writer: built-in, which needs less memory.',
  });
}
