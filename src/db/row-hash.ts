/**
 * The hash of a record is a linear sum of those of its columns (31 times the one before, plus the next): added up over rows, two rows that have
 * exchanged a value look the same in every second case (113 of 200 tried). So it is hashed once more; float8 is the one type of its size
 * whose hash takes all of its bits (53 of these 64), where that of int8 takes 32. It costs a twentieth.
 */
export const unmixed = (record: string): string =>
  `pg_catalog.hashfloat8extended(pg_catalog.hash_record_extended(${record}, 0)::pg_catalog.float8, 0)`;

/**
 * SQL of the hash of a row of `t`, to be added up over the rows of a table in any order. `record`: equal where values are equal, where every column's
 * type has a hash of PostgreSQL's own that knows no oid. `text`: of the row's text, for all others; texts depend on settings, which {@link ROW_TEXT_SETTINGS} fixes.
 */
export const ROW_HASHES = {
  record: unmixed('t.*'),
  text: 'pg_catalog.hashtextextended((t.*)::pg_catalog.text, 0)',
} as const;

/** Settings under which the text of a row is the same in every session: name and value. */
export const ROW_TEXT_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['timezone', "'UTC'"],
  ['datestyle', "'ISO, YMD'"],
  ['intervalstyle', "'postgres'"],
  ['extra_float_digits', '1'],
  ['bytea_output', "'hex'"],
  ['lc_monetary', "'C'"],
];
