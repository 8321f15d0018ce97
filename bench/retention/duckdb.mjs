// CSV on standard input becomes a Parquet file: node duckdb.mjs FILE COLUMNS, COLUMNS as DuckDB writes a struct of types. Prints its peak memory.
import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

const [file, columns, limit = '64MB', threads = '1', group = '20480'] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { memory_limit: limit, threads });
const connection = await instance.connect();
await connection.run("set timezone = 'UTC'");
await connection.run(
  `copy (select * from read_csv('/dev/stdin', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = ${columns}))
   to '${file}' (format parquet, compression zstd, row_group_size ${group})`,
);
connection.closeSync();
console.log(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0');
