import { Encodings, PageTypes } from 'hyparquet/src/constants.js';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import type { CompressionCodec, Encoding } from 'hyparquet';
import type { FileStride } from './file-stride.ts';
import type { PageUnpacker } from './page-unpacker.ts';
import type { ReusedBytes } from './reused-bytes.ts';

/** A page as its head says it is. */
interface PageHead {
  readonly kind: 'dictionary' | 'data' | 'data 2';
  /** Of the head itself. */
  readonly length: number;
  /** Of the body, as it stands in the file, and as it was. */
  readonly packed: number;
  readonly unpacked: number;
  /** Nulls as well. */
  readonly values: number;
  readonly encoding: Encoding | undefined;
  /** Bytes of the levels in front of the values, which are never packed in a page of the second version. */
  readonly levels: number;
}

/** A page in memory. */
export interface Page {
  readonly kind: 'dictionary' | 'data';
  readonly values: number;
  readonly encoding: Encoding | undefined;
  /** Which values are there, as runs of Parquet: empty in a dictionary. */
  readonly levels: Buffer;
  readonly content: Buffer;
}

/** A head is some 30 bytes long, and has no bounds of its values where we or DuckDB wrote it. */
const LONGEST_HEAD = 4_096;

/** How pages of a column become readable. */
export interface Unpacking {
  readonly codec: CompressionCodec | undefined;
  readonly unpacker: PageUnpacker;
  /** Memory for a dictionary, which is needed as long as the pages behind it, and for one of these. */
  readonly memory: Readonly<Record<Page['kind'], ReusedBytes>>;
}

/**
 * The next page; undefined: that was the last one. It is good until the next one of its kind is asked for, its levels until any is.
 * Fails with an Error on what is no page.
 */
export async function nextPage(file: FileStride, how: Unpacking): Promise<Page | undefined> {
  if (file.left === 0) return undefined;
  const head = headOf(await file.look(LONGEST_HEAD));
  const page = await file.look(head.length + head.packed);
  const body = page.subarray(head.length, head.length + head.packed);
  if (body.length < head.packed) throw new Error('a page of it is cut short');
  file.skip(head.length + head.packed);
  if (head.kind === 'data 2') {
    const content = await unpacked(body.subarray(head.levels), head.unpacked - head.levels, how, 'data');
    return { ...head, kind: 'data', levels: body.subarray(0, head.levels), content };
  }
  const content = await unpacked(body, head.unpacked, how, head.kind);
  if (head.kind === 'dictionary') return { ...head, kind: 'dictionary', levels: content.subarray(0, 0), content };
  const end = 4 + content.readUInt32LE(0);
  return { ...head, kind: 'data', levels: content.subarray(4, end), content: content.subarray(end) };
}

async function unpacked(
  body: Buffer,
  bytes: number,
  { codec, unpacker, memory }: Unpacking,
  kind: Page['kind'],
): Promise<Buffer> {
  if (codec !== 'GZIP' && codec !== 'UNCOMPRESSED') throw new Error(`its pages are packed by ${codec}`);
  const into = memory[kind];
  if (codec === 'GZIP') await unpacker.unpack(body, bytes, into);
  else copied(body, bytes, into);
  return into.written;
}

function copied(body: Buffer, bytes: number, into: ReusedBytes): void {
  if (body.length !== bytes) throw new Error('a page of it has another length than its head says');
  into.clear();
  into.append(body);
}

/** PageHeader, as parquet.thrift numbers its fields. */
interface HeadFields {
  readonly field_1: number;
  readonly field_2: number;
  readonly field_3: number;
  readonly field_5?: { readonly field_1: number; readonly field_2: number };
  readonly field_7?: { readonly field_1: number };
  readonly field_8?: {
    readonly field_1: number;
    readonly field_4: number;
    readonly field_5: number;
    readonly field_6: number;
    readonly field_7?: boolean;
  };
}

function headOf(bytes: Buffer): PageHead {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const fields = deserializeTCompactProtocol(reader) as unknown as HeadFields;
  const { field_1: type, field_2: unpacked, field_3: packed, field_5: first, field_7: dictionary, field_8: second } = fields;
  const common = { length: reader.offset, packed, unpacked, levels: 0 };
  if (dictionary !== undefined) return { ...common, kind: 'dictionary', values: dictionary.field_1, encoding: 'PLAIN' };
  if (first !== undefined) return { ...common, kind: 'data', values: first.field_1, encoding: Encodings[first.field_2] };
  if (second === undefined || second.field_6 !== 0 || second.field_7 === false)
    throw new Error(`it has a page of an unknown kind: ${PageTypes[type] ?? type}`);
  const { field_1: values, field_4: encoding, field_5: levels } = second;
  return { ...common, kind: 'data 2', values, encoding: Encodings[encoding], levels };
}
