import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { PassThrough, Readable, Transform, type Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip } from 'node:zlib';
import { DbctlError } from '../../core/errors.ts';
import type { Repository } from '../backup/repository.ts';
import { compressor, decompressor, isSealed, openedPath, SEALED } from '../codec/coding.ts';
import { chooseCompression, ENDING, type Compression } from '../codec/compression.ts';
import { dataKeyText, newDataKey, parseDataKey } from '../codec/data-key.ts';
import { decryptStream } from '../codec/decrypt.ts';
import { encryptStream } from '../codec/encrypt.ts';
import { findZstd } from '../codec/find-zstd.ts';
import { HEADER, parseHeader, parseWord, TAG, WORD } from '../codec/frames.ts';
import { wrapBytes } from '../codec/recipients.ts';
import { currentLogKey, openWithLogKey } from './log-keys.ts';

const COMPRESSIONS: readonly Compression[] = ['zstd', 'gzip', 'none'];

/** What names of stored files end with; what is not compressed has an ending too, so that a name alone is never one. */
const ENDINGS: readonly string[] = COMPRESSIONS.map((one) => ENDING[one] || '.raw').flatMap((one) => [`${one}${SEALED}`, one]);

/** The name of the log a stored file holds; null: it is no file of the log. */
export function logName(stored: string): string | null {
  const ending = ENDINGS.find((one) => stored.endsWith(one));
  return ending === undefined || stored.startsWith('.') ? null : stored.slice(0, -ending.length);
}

/** First words of a stored file that is encrypted; the rest of the line is JSON, and frames follow it. */
const MAGIC = 'dbctl log v1 ';

/** The line is some 600 bytes long. */
const LONGEST_LINE = 4_096;

interface Line {
  /** The pair its key is encrypted to. */
  readonly key: string;
  /** The key, in base64. */
  readonly wrapped: string;
  readonly salt: string;
  /** By which the same content is known again without opening anything. */
  readonly same: string;
}

/**
 * What is neither compressed nor encrypted is packed all the same: a recovery takes a flipped bit for the end of the log, and opens the database
 * there, so that a checksum has to stand by the bytes.
 */
const unpacked = (): [string, Duplex[]] => [ENDING.gzip, [createGzip({ level: constants.Z_NO_COMPRESSION, chunkSize: 1 << 18 })]];

/** A file of the log as it will be stored: the ending of its name, and its bytes. */
export async function encodeLog(
  repository: Repository,
  name: string,
  bytes: Buffer,
): Promise<{ stored: string; content: Buffer }> {
  const { codec } = repository;
  const zstd = await findZstd();
  const compression = chooseCompression(codec.log, zstd);
  if (codec.recipients.length === 0) {
    const [ending, stages] = compression === 'none' ? unpacked() : [ENDING[compression], compressor(compression, zstd)];
    return { stored: `${name}${ending}`, content: await through(bytes, stages) };
  }
  const stages = compressor(compression, zstd);
  const stored = `${name}${ENDING[compression] || '.raw'}${SEALED}`;
  const [{ id, recipient }, dataKey, salt] = [await currentLogKey(repository), newDataKey(), randomBytes(16)];
  const [wrapped, same, frames] = await Promise.all([
    wrapBytes(dataKeyText(dataKey), recipient),
    sameOf(bytes, salt),
    through(bytes, [...stages, encryptStream(dataKey, stored)]),
  ]);
  const line: Line = { key: id, wrapped: wrapped.toString('base64'), salt: salt.toString('hex'), same: same.toString('hex') };
  return { stored, content: Buffer.concat([Buffer.from(`${MAGIC}${JSON.stringify(line)}\n`), frames]) };
}

/** Whether a stored file holds these bytes, without anybody's private key. Null: it is not one that was stored, or it is damaged. */
export async function holdsLog(stored: string, content: Buffer, bytes: Buffer): Promise<boolean | null> {
  if (!isSealed(stored))
    return decompress(stored, content)
      .then((there) => there.equals(bytes))
      .catch(() => null);
  const parts = parseStored(content);
  if (parts === null) return null;
  const same = await sameOf(bytes, Buffer.from(parts.line.salt, 'hex'));
  const there = Buffer.from(parts.line.same, 'hex');
  return same.length === there.length && timingSafeEqual(same, there);
}

/** The bytes of a stored file; a sentence: what is wrong with it. Fails with refused where no identity opens it. */
export async function decodeLog(repository: Repository, stored: string, content: Buffer): Promise<Buffer | string> {
  try {
    if (!isSealed(stored)) return await decompress(stored, content);
    const parts = parseStored(content);
    if (parts === null) return FOREIGN;
    const { key, wrapped } = parts.line;
    const dataKey = parseDataKey(await openWithLogKey(repository, key, Buffer.from(wrapped, 'base64')));
    if (dataKey === null) return 'holds no key';
    return await decompress(openedPath(stored), await through(parts.frames, [decryptStream(dataKey, stored)]));
  } catch (thrown) {
    if (thrown instanceof DbctlError) throw thrown;
    return `cannot be unpacked: ${(thrown as Error).message}`;
  }
}

const FOREIGN = 'is not encrypted by dbctl, or its first line was changed';

/** What is wrong with an encrypted file, as far as it can be seen without an identity; null: nothing. */
export const sealedProblem = (content: Buffer): string | null => (parseStored(content) === null ? FOREIGN : null);

/** The pair an encrypted file is encrypted to; null: its first line is none of ours. */
export const pairOf = (content: Buffer): string | null => parseStored(content)?.line.key ?? null;

/** The same, with the frames followed to their end by their lengths: what was cut short or goes on shows, a flipped bit does not. */
export function outsideProblem(content: Buffer): string | null {
  const frames = parseStored(content)?.frames;
  if (frames === undefined) return FOREIGN;
  const header = parseHeader(frames);
  if (frames.length < HEADER || typeof header !== 'object') return 'has no frames behind its first line';
  let at = HEADER;
  for (let counter = 0; at + WORD <= frames.length; counter += 1) {
    const word = parseWord(frames.readUInt32BE(at), counter);
    if (word === null) return `has a frame no writer writes, ${counter} frames in`;
    at += WORD + word.bytes + TAG;
    if (word.last) return at === frames.length ? null : at < frames.length ? 'goes on behind its last frame' : ENDS;
  }
  return ENDS;
}

const ENDS = 'ends before its last frame does';

const decompress = async (name: string, content: Buffer): Promise<Buffer> =>
  through(content, decompressor(name, await findZstd()));

function parseStored(content: Buffer): { readonly line: Line; readonly frames: Buffer } | null {
  const end = content.subarray(0, LONGEST_LINE).indexOf('\n');
  const text = content.toString('latin1', 0, Math.max(end, 0));
  const form =
    /^dbctl log v1 (\{"key":"[0-9a-f]{16}","wrapped":"[A-Za-z0-9+/]+=*","salt":"[0-9a-f]{32}","same":"[0-9a-f]{64}"\})$/;
  const [, json] = form.exec(text) ?? [];
  return json === undefined ? null : { line: JSON.parse(json) as Line, frames: content.subarray(end + 1) };
}

const slowHash = promisify<Buffer, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt);

/**
 * By this whoever holds the bytes knows them again, and nobody else learns anything but by guessing all of them at once. A guess costs 50 ms
 * and 16 MB: a segment may be known but for a few bytes.
 */
const sameOf = (bytes: Buffer, salt: Buffer): Promise<Buffer> =>
  slowHash(createHash('sha256').update(bytes).digest(), salt, 32, { N: 1 << 14, r: 8, p: 1 });

async function through(bytes: Buffer, stages: readonly Duplex[]): Promise<Buffer> {
  const end = new PassThrough({ highWaterMark: 1 << 20 });
  const source = Readable.from([bytes], { objectMode: false });
  const [all] = await Promise.all([buffer(end), pipeline([source, ...stages, noMoreThanASegment(), end])]);
  return all;
}

/** The largest a segment can be (initdb --wal-segsize=1024), and an eighth more: encryption and a container without compression add less. */
const LARGEST = 1024 ** 3 + 128 * 1024 * 1024;

/** A few bytes can be made to unpack to many: they would fill the memory. */
function noMoreThanASegment(): Transform {
  let total = 0;
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > LARGEST) done(new Error('it unpacks to more than any segment has'));
      else done(null, chunk);
    },
  });
}
