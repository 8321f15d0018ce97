import type { FileHandle } from 'node:fs/promises';
import { deserializeTCompactProtocol, readVarInt, readZigZag, readZigZagBigInt } from 'hyparquet/src/thrift.js';
import { CompressionCodecs, FieldRepetitionTypes, ParquetTypes } from 'hyparquet/src/constants.js';
import type { CompressionCodec, FieldRepetitionType, ParquetType } from 'hyparquet';

/** Where the pages of a column of a row group lie, one behind the other. */
export interface ChunkPlace {
  readonly start: number;
  readonly bytes: number;
  readonly codec: CompressionCodec | undefined;
}

/** A row group, as it is found in the file. */
export interface GroupPlace {
  readonly rows: number;
  readonly columns: readonly ChunkPlace[];
}

/** What stands at the end of a Parquet file. */
export interface Footer {
  readonly columns: readonly {
    readonly name: string;
    readonly type: ParquetType | undefined;
    readonly repetition: FieldRepetitionType | undefined;
  }[];
  /** In the order they stand in the file, once. */
  readonly groups: Iterable<GroupPlace>;
}

/** Its length, and PAR1. */
const TAIL = 8;
const MAGIC = 'PAR1';

/**
 * The end of a Parquet file of columns without children. Its bytes stay in memory, 40 for each column of a row group or some 100 with its bounds; what
 * they mean is read group by group, since as objects it is ten times as much. Fails with an Error on a file that is none.
 */
export async function readFooter(handle: FileHandle): Promise<Footer> {
  const { size } = await handle.stat();
  const tail = await bytesAt(handle, Math.max(0, size - TAIL), Math.min(size, TAIL));
  if (tail.toString('latin1', 4) !== MAGIC) throw new Error(`it does not end with ${MAGIC}`);
  const length = tail.readUInt32LE(0);
  if (length > size - TAIL) throw new Error('it is shorter than its footer says');
  const bytes = await bytesAt(handle, size - TAIL - length, length);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  next(reader, VERSION);
  readZigZag(reader);
  next(reader, LIST_OF);
  const [, ...columns] = Array.from(
    { length: listLength(reader) },
    () => deserializeTCompactProtocol(reader) as unknown as SchemaFields,
  );
  next(reader, ROWS);
  readZigZagBigInt(reader);
  next(reader, LIST_OF);
  return {
    columns: columns.map(({ field_1: type, field_3: repetition, field_4: name }) => ({
      name: Buffer.from(name).toString('utf8'),
      type: type === undefined ? undefined : ParquetTypes[type],
      repetition: repetition === undefined ? undefined : FieldRepetitionTypes[repetition],
    })),
    groups: groupsOf(reader, listLength(reader)),
  };
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  if (bytesRead !== length) throw new Error('it became shorter while it was read');
  return bytes;
}

interface Reader {
  readonly view: DataView;
  offset: number;
}

/** Heads of the first fields of FileMetaData: each is one behind the one before it, of type i32, list or i64. */
const VERSION = 0x15;
const LIST_OF = 0x19;
const ROWS = 0x16;

function next(reader: Reader, head: number): void {
  if (reader.view.getUint8(reader.offset) !== head) throw new Error('its footer is of another form');
  reader.offset += 1;
}

/** A list of structs; the length of a long one stands behind its head. */
function listLength(reader: Reader): number {
  const short = reader.view.getUint8(reader.offset) >> 4;
  reader.offset += 1;
  return short < 15 ? short : readVarInt(reader);
}

/** SchemaElement, as parquet.thrift numbers its fields. */
interface SchemaFields {
  readonly field_1?: number;
  readonly field_3?: number;
  readonly field_4: Uint8Array;
}

/** RowGroup: of its columns codec, packed bytes, and where the first page of data and the dictionary begin. */
interface GroupFields {
  readonly field_1: readonly {
    readonly field_3: {
      readonly field_4: number;
      readonly field_7: bigint;
      readonly field_9: bigint;
      readonly field_11?: bigint;
    };
  }[];
  readonly field_3: bigint;
}

function* groupsOf(reader: Reader, count: number): Generator<GroupPlace> {
  for (let group = 0; group < count; group += 1) {
    const { field_1: columns, field_3: rows } = deserializeTCompactProtocol(reader) as unknown as GroupFields;
    yield {
      rows: Number(rows),
      columns: columns.map(({ field_3: { field_4: codec, field_7: bytes, field_9: data, field_11: dictionary } }) => ({
        start: Number(dictionary ?? data),
        bytes: Number(bytes),
        codec: CompressionCodecs[codec],
      })),
    };
  }
}
