import { CompressionCodecs, ConvertedTypes, Encodings, FieldRepetitionTypes, ParquetTypes } from 'hyparquet/src/constants.js';
import type { Encoding, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { logicalType } from 'hyparquet-writer/src/metadata.js';
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js';
import { unconvertStatistics } from 'hyparquet-writer/src/unconvert.js';
import type { ArchivedColumn } from './manifest.ts';
import { parquetSchema } from './parquet-column.ts';

/** What a footer says of a column of a row group. A table of ten million rows has thousands of them, so they are small while they wait. */
export interface ChunkFacts {
  /** Where it begins in the file, with the dictionary. */
  readonly offset: number;
  readonly dictionary: number;
  /** Bytes with the dictionary, packed and as they were. */
  readonly bytes: number;
  readonly unpacked: number;
  readonly encodings: readonly Encoding[];
  readonly values: number;
  readonly nulls: number;
  readonly least: number | bigint | undefined;
  readonly greatest: number | bigint | undefined;
  /** Of each page its bytes and its rows. */
  readonly pages: Uint32Array;
}

/** What a footer says of a row group. */
export interface GroupFacts {
  readonly rows: number;
  readonly chunks: readonly ChunkFacts[];
}

const MAGIC = 'PAR1';

/**
 * The end of a file: where the pages of each column lie, what the columns are, and where the row groups. In pieces; the memory of one is used again
 * for the next. Fields are numbered as parquet.thrift does.
 */
export function* footPieces(columns: readonly ArchivedColumn[], groups: readonly GroupFacts[], at: number): Generator<Buffer> {
  const out = new ByteWriter() as ByteWriter & { index: number };
  out.offset = at;
  const indexes = {
    places: new Float64Array(groups.length * columns.length),
    lengths: new Uint32Array(groups.length * columns.length),
  };
  let place = 0;
  for (const { chunks } of groups) {
    for (const { offset, dictionary, pages } of chunks) {
      indexes.places[place] = out.offset;
      // One page needs no index.
      if (pages.length > 2) writeOffsetIndex(out, offset + dictionary, pages);
      indexes.lengths[place] = out.offset - (indexes.places[place] as number);
      place += 1;
    }
    yield taken(out);
  }
  const start = out.offset;
  const schema = parquetSchema(columns);
  writeHead(out, schema, groups);
  place = 0;
  for (const group of groups) {
    serializeTCompactProtocol(
      out,
      groupFields(group, schema, (column) => [
        indexes.places[place + column] as number,
        indexes.lengths[place + column] as number,
      ]),
    );
    place += group.chunks.length;
    yield taken(out);
  }
  writeTail(out, schema.length - 1);
  out.appendUint32(out.offset - start);
  out.appendBytes(Buffer.from(MAGIC));
  yield taken(out);
}

function taken(out: ByteWriter & { index: number }): Buffer {
  const bytes = Buffer.from(out.getBytes());
  out.index = 0;
  return bytes;
}

function writeOffsetIndex(out: ByteWriter, first: number, pages: Uint32Array): void {
  let [offset, row] = [first, 0];
  const locations = Array.from({ length: pages.length / 2 }, (_, page) => {
    const [bytes, rows] = [pages[page * 2] as number, pages[page * 2 + 1] as number];
    const location = { field_1: BigInt(offset), field_2: bytes, field_3: BigInt(row) };
    [offset, row] = [offset + bytes, row + rows];
    return location;
  });
  serializeTCompactProtocol(out, { field_1: locations });
}

/** A type of the compact protocol behind the distance from the field before. */
const LIST = 9;
const STRUCT = 12;
const NEXT_LIST = (1 << 4) | LIST;

/** FileMetaData up to the row groups, which follow as structs. */
function writeHead(out: ByteWriter & { index: number }, schema: readonly SchemaElement[], groups: readonly GroupFacts[]): void {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  serializeTCompactProtocol(out, { field_1: 2, field_2: schema.map(schemaFields), field_3: BigInt(rows) });
  // Without the mark that ends a struct: it goes on.
  out.index -= 1;
  out.offset -= 1;
  out.appendUint8(NEXT_LIST);
  listHead(out, groups.length);
}

/** created_by and column_orders: all columns are ordered as their type is. */
function writeTail(out: ByteWriter, columns: number): void {
  const BINARY_TWO_ON = (2 << 4) | 8;
  out.appendUint8(BINARY_TWO_ON);
  out.appendVarInt(CREATED_BY.length);
  out.appendBytes(CREATED_BY);
  out.appendUint8(NEXT_LIST);
  listHead(out, columns);
  for (let column = 0; column < columns; column += 1) serializeTCompactProtocol(out, { field_1: {} });
  out.appendUint8(0);
}

const CREATED_BY = Buffer.from('dbctl');

function listHead(out: ByteWriter, length: number): void {
  out.appendUint8((Math.min(length, 15) << 4) | STRUCT);
  if (length >= 15) out.appendVarInt(length);
}

const schemaFields = (element: SchemaElement) => ({
  field_1: element.type === undefined ? undefined : ParquetTypes.indexOf(element.type),
  field_3: element.repetition_type === undefined ? undefined : FieldRepetitionTypes.indexOf(element.repetition_type),
  field_4: element.name,
  field_5: element.num_children,
  field_6: element.converted_type === undefined ? undefined : ConvertedTypes.indexOf(element.converted_type),
  field_10: logicalType(element.logical_type),
});

function groupFields(
  { rows, chunks }: GroupFacts,
  schema: readonly SchemaElement[],
  index: (column: number) => readonly [number, number],
) {
  return {
    field_1: chunks.map((chunk, column) => {
      const [place, length] = index(column);
      return {
        field_2: BigInt(chunk.offset),
        field_3: chunkFields(chunk, schema[column + 1] as SchemaElement),
        ...(length === 0 ? {} : { field_4: BigInt(place), field_5: length }),
      };
    }),
    field_2: BigInt(chunks.reduce((sum, { unpacked }) => sum + unpacked, 0)),
    field_3: BigInt(rows),
    field_6: BigInt(chunks.reduce((sum, { bytes }) => sum + bytes, 0)),
  };
}

const chunkFields = (chunk: ChunkFacts, element: SchemaElement) => ({
  field_1: ParquetTypes.indexOf(element.type as NonNullable<SchemaElement['type']>),
  field_2: chunk.encodings.map((one) => Encodings.indexOf(one)),
  field_3: [element.name],
  field_4: CompressionCodecs.indexOf('GZIP'),
  field_5: BigInt(chunk.values),
  field_6: BigInt(chunk.unpacked),
  field_7: BigInt(chunk.bytes),
  field_9: BigInt(chunk.offset + chunk.dictionary),
  field_11: chunk.dictionary === 0 ? undefined : BigInt(chunk.offset),
  field_12: unconvertStatistics(bounds(chunk, element), element),
});

/** Parquet wants zeros that hold for both of them. */
function bounds({ least, greatest, nulls }: ChunkFacts, { type }: SchemaElement) {
  if (least === undefined || greatest === undefined) return { null_count: BigInt(nulls) };
  const double = type === 'DOUBLE';
  return {
    min_value: double && least === 0 ? -0 : least,
    max_value: double && greatest === 0 ? 0 : greatest,
    null_count: BigInt(nulls),
  };
}
