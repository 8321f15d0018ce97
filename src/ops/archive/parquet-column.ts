import type { SchemaElement } from 'hyparquet';
import { DbctlError } from '../../core/errors.ts';
import { addDate, addTimestamp, daysOf, microsOf } from './parquet-time.ts';
import { floatText } from './parquet-float.ts';
import type { ArchivedColumn } from './manifest.ts';
import type { CopyText } from './parquet-text.ts';
import type { PlainValues } from './parquet-values.ts';

const LETTER_T = 0x74;

/** How the values of a type go into Parquet and come out again. */
export interface ParquetType {
  readonly element: Omit<SchemaElement, 'name' | 'repetition_type'>;
  /** Adds the value of a field of COPY's text; false: Parquet has no such value. */
  readonly write: (values: PlainValues, field: Buffer, from: number, to: number) => boolean;
  /** Adds what PostgreSQL writes for the value that lies there (PLAIN, a boolean as a byte). */
  readonly text: (text: CopyText, values: Buffer, at: number) => void;
}

/** Undefined: there is no such value. */
type Read<T> = (text: string) => T | undefined;

/** Texts of numbers and times are short, and have nothing that is escaped. */
const int32 =
  (read: Read<number>): ParquetType['write'] =>
  (values, field, from, to) => {
    const value = read(field.toString('latin1', from, to));
    if (value !== undefined) values.int32(value);
    return value !== undefined;
  };

const int64 =
  (read: Read<bigint>): ParquetType['write'] =>
  (values, field, from, to) => {
    const value = read(field.toString('latin1', from, to));
    if (value !== undefined) values.int64(value);
    return value !== undefined;
  };

const whole = (type: 'INT32' | 'INT64'): ParquetType => ({
  element: { type },
  write: type === 'INT32' ? int32(Number) : int64(wholeOf),
  text: (text, values, at) => text.whole(type === 'INT32' ? values.readInt32LE(at) : int64At(values, at)),
});

/** As a number where it counts one by one that far, which is below 2^53. */
function int64At(values: Buffer, at: number): number | bigint {
  const high = values.readInt32LE(at + 4);
  const isSafe = high >= -(2 ** 21) && high < 2 ** 21;
  return isSafe ? high * 2 ** 32 + values.readUInt32LE(at) : values.readBigInt64LE(at);
}

/** xid8 and oid count without a sign, and none of them has got as far as 2^63. */
function wholeOf(text: string): bigint | undefined {
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

const float = (digits: 'float4' | 'float8'): ParquetType => ({
  // A float4 is kept as the decimal it is written as: 0.1 is then 0.1 for every reader, and no 0.10000000149.
  element: { type: 'DOUBLE' },
  write: (values, field, from, to) => {
    values.double(Number(field.toString('latin1', from, to)));
    return true;
  },
  text: (text, values, at) => text.latin1(floatText(values.readDoubleLE(at), digits)),
});

const timestamp = (zone: boolean): ParquetType => ({
  element: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: zone, unit: 'MICROS' },
    ...(zone ? { converted_type: 'TIMESTAMP_MICROS' } : {}),
  },
  write: int64(microsOf),
  text: (text, values, at) => addTimestamp(text, int64At(values, at), zone),
});

const TEXT: ParquetType = {
  element: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  write: (values, field, from, to) => {
    values.text(field, from, to);
    return true;
  },
  text: (text, values, at) => text.escaped(values, at + 4, at + 4 + values.readUInt32LE(at)),
};

/** By the type in pg_catalog; every other one is its exact text: numeric, uuid, json, arrays, ranges, enums, intervals. */
const TYPES: Readonly<Record<string, ParquetType>> = {
  bool: {
    element: { type: 'BOOLEAN' },
    write: (values, field, from) => {
      values.boolean(field[from] === LETTER_T);
      return true;
    },
    text: (text, values, at) => text.char(values[at] === 1 ? 't' : 'f'),
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
    write: int32(daysOf),
    text: (text, values, at) => addDate(text, values.readInt32LE(at)),
  },
  bytea: {
    element: { type: 'BYTE_ARRAY' },
    // `\\xdead`: the backslash of the value is written as two.
    write: (values, field, from, to) => {
      values.hex(field.toString('latin1', from + 3, to));
      return true;
    },
    text: (text, values, at) => text.latin1(`\\\\x${values.toString('hex', at + 4, at + 4 + values.readUInt32LE(at))}`),
  },
};

export const parquetType = ({ builtIn }: Pick<ArchivedColumn, 'builtIn'>): ParquetType =>
  builtIn !== null && Object.hasOwn(TYPES, builtIn) ? (TYPES[builtIn] as ParquetType) : TEXT;

/** Fails with refused where Parquet had no value for the field: infinity as a time. */
export function requireValue(column: ArchivedColumn, written: boolean, field: Buffer, from: number, to: number): void {
  if (!written) throw noValue(column, field.toString('utf8', from, to));
}

export const noValue = ({ name, type }: ArchivedColumn, value: string): DbctlError =>
  new DbctlError('refused', `column ${name} holds ${value}, for which Parquet has no value in a column of type ${type}`, {
    hint: 'Take --as csv.gz, which holds every value PostgreSQL has.',
  });

export const parquetSchema = (columns: readonly ArchivedColumn[]): SchemaElement[] => [
  { name: 'schema', num_children: columns.length },
  ...columns.map((column) => ({ name: column.name, repetition_type: 'OPTIONAL' as const, ...parquetType(column).element })),
];
