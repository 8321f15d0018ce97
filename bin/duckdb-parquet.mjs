#!/usr/bin/env node
// The writer `archive.parquet_writer: duckdb`: rows in the text format of COPY on standard input become a Parquet file on standard output.
// usage: duckdb-parquet.mjs MODULE check · duckdb-parquet.mjs MODULE write SETTINGS, both standard streams being pipes
//        MODULE is the file of @duckdb/node-api; SETTINGS is JSON: columns [{name, kind}], memory, threads, group (rows of a row group)
// Its last line on standard error is JSON: {"done": rows, "mostMemory": bytes} or {"failed": message}.
import { readFileSync, readSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [module, act, settings = '{}'] = process.argv.slice(2);

/** What DuckDB makes of a text the server writes. A value Parquet does not have is an error that names column and value. */
const KINDS = {
  boolean: (field) => `${field} = 't'`,
  int4: (field) => `${field}::integer`,
  int8: (field, at) => orNone(field, at, `try_cast(${field} as bigint) is null`, `${field}::bigint`),
  float8: (field) => `${field}::double`,
  timestamptz: (field, at) => orNone(field, at, `contains(${field}, 'infinity')`, `(${before(field)})::timestamptz`),
  timestamp: (field, at) => orNone(field, at, `contains(${field}, 'infinity')`, `(${before(field)})::timestamp`),
  date: (field, at) => orNone(field, at, `contains(${field}, 'infinity')`, `(${before(field)})::date`),
  bytea: (field) => `unhex(substr(${field}, 3))`,
  text: (field) => field,
};

const orNone = (field, at, none, value) =>
  `case when ${field} is null then null when ${none} then error('no value ${at} ' || ${field}) else ${value} end`;

/** `0044-03-15 12:00:00+00 BC` is `0044-03-15 (BC) 12:00:00+00` there. */
const before = (field) =>
  `case when ends_with(${field}, ' BC') then regexp_replace(${field}, '^([0-9]+-[0-9]+-[0-9]+)(.*) BC$', '\\1 (BC)\\2') else ${field} end`;

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

const STANDS_FOR = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const valueOf = (field) => {
  if (field === '\\N') return null;
  return field.includes('\\') ? field.replaceAll(/\\(.)/gsu, (_, letter) => STANDS_FOR[letter] ?? letter) : field;
};

/** Rows DuckDB takes at once, and the text at which it has to do with fewer. */
const MOST_ROWS = 2_048;
const MOST_TEXT = 1 << 20;

/** The next lines of standard input, which a pipe makes wait; none: it has ended. */
function* chunksOfLines() {
  const piece = Buffer.allocUnsafeSlow(1 << 18);
  /** The beginning of a line, in pieces. */
  const rest = [];
  let [lines, length] = [[], 0];
  for (let bytes = readSync(0, piece); bytes > 0; bytes = readSync(0, piece)) {
    const end = piece.lastIndexOf(10, bytes - 1);
    if (end === -1) {
      rest.push(Buffer.from(piece.subarray(0, bytes)));
      continue;
    }
    const whole = Buffer.concat([...rest, piece.subarray(0, end)]).toString('utf8');
    rest.length = 0;
    if (end + 1 < bytes) rest.push(Buffer.from(piece.subarray(end + 1, bytes)));
    for (const line of whole.split('\n')) {
      lines.push(line);
      length += line.length;
      if (lines.length < MOST_ROWS && length < MOST_TEXT) continue;
      yield lines;
      [lines, length] = [[], 0];
    }
  }
  if (rest.length > 0) throw new Error('the rows end in the middle of one');
  if (lines.length > 0) yield lines;
}

/** A table function that streams: read_csv keeps all that came through a pipe. */
function rowsFunction({ DuckDBTableFunction, VARCHAR }, columns) {
  const chunks = chunksOfLines();
  return DuckDBTableFunction.create({
    name: 'copied_rows',
    bindFunction: (info) => columns.forEach((_, at) => info.addResultColumn(`c${at}`, VARCHAR)),
    initFunction: (info) => info.setMaxThreads(1),
    mainFunction: (info, chunk) => {
      try {
        const rows = (chunks.next().value ?? []).map((line) => line.split('\t'));
        chunk.rowCount = rows.length;
        if (rows.length > 0)
          columns.forEach((_, at) =>
            chunk.setColumnValues(
              at,
              rows.map((row) => valueOf(row[at])),
            ),
          );
      } catch (thrown) {
        info.setError(thrown.message);
      }
    },
  });
}

async function write(duckdb, { columns, memory, threads, group }) {
  const instance = await duckdb.DuckDBInstance.create(':memory:', { memory_limit: memory, threads: String(threads) });
  const connection = await instance.connect();
  // Nothing of the rows goes to a disk: where its memory is not enough it gives up.
  await connection.run("set temp_directory = ''");
  await connection.run("set timezone = 'UTC'");
  connection.registerTableFunction(rowsFunction(duckdb, columns));
  const values = columns.map(({ name, kind }, at) => `${KINDS[kind](`c${at}`, at)} as ${quoted(name)}`);
  const { rowsChanged } = await connection.run(
    `copy (select ${values.join(', ')} from copied_rows())
     to '/dev/stdout' (format parquet, compression gzip, row_group_size ${group}, parquet_version v1)`,
  );
  connection.closeSync();
  return Number(rowsChanged);
}

try {
  const { default: commonjs, ...names } = await import(pathToFileURL(module).href);
  const duckdb = { ...commonjs, ...names };
  if (duckdb.DuckDBTableFunction === undefined) throw new Error('it is older than 1.5.6, and has no table functions');
  if (act === 'check') await duckdb.DuckDBInstance.create(':memory:');
  else say({ done: await write(duckdb, JSON.parse(settings)), mostMemory: mostMemory() });
} catch (thrown) {
  say({ failed: thrown.message });
  process.exitCode = 1;
}

function say(line) {
  writeSync(2, `${JSON.stringify(line)}\n`);
}

function mostMemory() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}
