// A process of its own writes or reads a Parquet file of so many rows and prints the most memory it had: `write|read PATH ROWS`.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import type { ArchivedColumn } from '../../../src/ops/archive/manifest.ts';
import { parquetRows } from '../../../src/ops/archive/parquet-read.ts';
import { parquetSink } from '../../../src/ops/archive/parquet-write.ts';

const COLUMNS: readonly ArchivedColumn[] = [
  ['n', 'int8'],
  ['at', 'timestamptz'],
  ['word', 'text'],
  ['note', 'text'],
].map(([name = '', builtIn = '']) => ({ name, type: builtIn, builtIn, notNull: false, collation: null }));

/** Longer than what gzip remembers. */
const NOISE = randomBytes(1 << 18).toString('base64');

const [act, path = '', rows = '0'] = process.argv.slice(2);
if (act === 'write') await write(Number(rows));
else await read();
console.log(mostMemory());

async function write(count: number): Promise<void> {
  const file = createWriteStream(path);
  const sink = parquetSink(COLUMNS, {
    write: (bytes) => new Promise((done, failed) => file.write(bytes, (thrown) => (thrown ? failed(thrown) : done()))),
    end: async () => void (await once(file.end(), 'finish')),
  });
  const piece = Buffer.allocUnsafe(1 << 18);
  for (let n = 0, at = 0; n < count; n += 1) {
    at += piece.write(lineOf(n), at, 'latin1');
    if (at < piece.length - 500 && n < count - 1) continue;
    await sink.write(piece.subarray(0, at));
    at = 0;
  }
  await sink.end();
}

/** Notes that cannot be packed, so that there are as many row groups as in a table many times as long. */
function lineOf(n: number): string {
  const from = (n * 211) % (NOISE.length - 200);
  return `${n}\t2026-01-01 00:00:00.${String(n % 1_000_000).padStart(6, '0')}+00\tword ${n % 9}\t${NOISE.slice(from, from + 200)}\n`;
}

async function read(): Promise<void> {
  for await (const _ of parquetRows(path, COLUMNS));
}

/** The system's own figure counts what this process was before it was this program. */
function mostMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}
