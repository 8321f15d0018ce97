import type { SchemaElement } from 'hyparquet';
import { fail } from '../../core/errors.ts';
import { dateText, daysOf, microsOf, timestampText } from './parquet-time.ts';
import { floatText } from './parquet-float.ts';
import type { ArchivedColumn } from './manifest.ts';

/** What stands in a Parquet file for a value. */
export type ParquetValue = boolean | number | bigint | string | Uint8Array;

/** How the values of a type go into Parquet and come out again. */
export interface ParquetType {
  readonly element: Omit<SchemaElement, 'name' | 'repetition_type'>;
  /** PLAIN: a dictionary would take -0 for 0, and bytes for different that are equal. */
  readonly plain: boolean;
  /** Undefined: Parquet has no such value. */
  readonly read: (text: string) => ParquetValue | undefined;
  /** The text PostgreSQL writes for the value. */
  readonly text: (value: ParquetValue) => string;
}

const whole = (type: 'INT32' | 'INT64'): ParquetType => ({
  element: { type },
  plain: false,
  read: type === 'INT32' ? Number : int64,
  text: String,
});

/** xid8 and oid count without a sign, and none of them has got as far as 2^63. */
function int64(text: string): bigint | undefined {
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

const float = (digits: 'float4' | 'float8'): ParquetType => ({
  // A float4 is kept as the decimal it is written as: 0.1 is then 0.1 for every reader, and no 0.10000000149.
  element: { type: 'DOUBLE' },
  plain: true,
  read: Number,
  text: (value) => floatText(value as number, digits),
});

const timestamp = (zone: boolean): ParquetType => ({
  element: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: zone, unit: 'MICROS' },
    ...(zone ? { converted_type: 'TIMESTAMP_MICROS' } : {}),
  },
  plain: false,
  read: microsOf,
  text: (value) => timestampText(value as bigint, zone),
});

const TEXT: ParquetType = {
  element: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  plain: false,
  read: (text) => text,
  text: (value) => value as string,
};

/** By the type in pg_catalog; every other one is its exact text: numeric, uuid, json, arrays, ranges, enums, intervals. */
const TYPES: Readonly<Record<string, ParquetType>> = {
  bool: {
    element: { type: 'BOOLEAN' },
    plain: false,
    read: (text) => text === 't',
    text: (value) => (value === true ? 't' : 'f'),
  },
  int2: whole('INT32'),
  int4: whole('INT32'),
  int8: whole('INT64'),
  oid: whole('INT64'),
  xid8: whole('INT64'),
  float4: float('float4'),
  float8: float('float8'),
  timestamptz: timestamp(true),
  timestamp: timestamp(false),
  date: {
    element: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
    plain: false,
    read: daysOf,
    text: (value) => dateText(value as number),
  },
  bytea: {
    element: { type: 'BYTE_ARRAY' },
    plain: true,
    read: (text) => Buffer.from(text.slice(2), 'hex'),
    text: (value) => `\\x${Buffer.from(value as Uint8Array).toString('hex')}`,
  },
};

export const parquetType = ({ builtIn }: Pick<ArchivedColumn, 'builtIn'>): ParquetType =>
  builtIn !== null && Object.hasOwn(TYPES, builtIn) ? (TYPES[builtIn] as ParquetType) : TEXT;

/** The value of a text. Fails with refused where Parquet has none for it: infinity as a time. */
export function parquetValue(column: ArchivedColumn, { read }: ParquetType, text: string): ParquetValue {
  const value = read(text);
  if (value !== undefined) return value;
  return fail(
    'refused',
    `column ${column.name} holds ${text}, for which Parquet has no value in a column of type ${column.type}`,
    {
      hint: 'Take --as csv.gz, which holds every value PostgreSQL has.',
    },
  );
}

export const parquetSchema = (columns: readonly ArchivedColumn[]): SchemaElement[] => [
  { name: 'schema', num_children: columns.length },
  ...columns.map((column) => ({ name: column.name, repetition_type: 'OPTIONAL' as const, ...parquetType(column).element })),
];
