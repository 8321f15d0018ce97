import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { isNoSuchKey, statusOf, versionOf, type Checksums } from './client.ts';
import { digesting, reportedDigest, type Digesting } from './digest.ts';
import { s3Words } from './words.ts';

/** Metadata of an object of several parts: how large they are, without which its checksum cannot be counted again. */
export const PART_METADATA = 'dbctl-part-bytes';

export interface ReadWish {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  /** Of several versions, this one; undefined: the newest. */
  readonly version?: string | undefined;
  readonly checksums: Checksums;
  readonly signal: AbortSignal;
  /** Longest silence of the service in the middle. */
  readonly silenceMs: number;
  /** Makes the error of a stream. */
  readonly failure: (words: string, cause: unknown) => Error;
}

/** A stream that is cut goes on from where it was, this often without a byte in between. */
const TRIES = 4;

/**
 * The bytes of an object; null: there is none. The stream goes on by a range request when the connection breaks, and fails when bytes are
 * missing at the end or do not give the checksum the service has of them.
 */
export async function readObject(wish: ReadWish): Promise<Readable | null> {
  const first = await get(wish, 0).catch((thrown: unknown) => {
    if (isNoSuchKey(thrown)) return null;
    throw thrown;
  });
  if (first === null) return null;
  const stream = Readable.from(chunks(wish, first), { objectMode: false });
  // Also where nobody began to read: the connection would stay taken.
  return stream.once('close', () => bodyOf(first).destroy());
}

function get({ client, bucket, key, version, checksums, signal }: ReadWish, from: number, of?: GetObjectCommandOutput) {
  const object = { Bucket: bucket, Key: key, VersionId: version };
  // The version or the ETag of the first answer: the rest of another object would be no rest.
  const newest = of === undefined ? undefined : versionOf(of);
  const same = newest === undefined ? { IfMatch: of?.ETag } : { VersionId: newest };
  const request =
    of === undefined
      ? { ...object, ...(checksums === 'sha256' ? { ChecksumMode: 'ENABLED' as const } : {}) }
      : { ...object, Range: `bytes=${from}-`, ...same };
  return client.send(new GetObjectCommand(request), { abortSignal: signal });
}

async function* chunks(wish: ReadWish, first: GetObjectCommandOutput): AsyncGenerator<Buffer> {
  const total = first.ContentLength ?? 0;
  const check = checkOf(first);
  let [offset, failures] = [0, 0];
  let body: Readable | null = bodyOf(first);
  let why: unknown;
  while (offset < total) {
    try {
      body ??= await rest(wish, offset, total, first);
      for await (const chunk of awaited(body, wish.silenceMs)) {
        [offset, failures] = [offset + chunk.length, 0];
        check?.digest.update(chunk);
        yield chunk;
      }
      why = new Error('the connection ended');
    } catch (thrown) {
      why = thrown;
    }
    body?.destroy();
    body = null;
    wish.signal.throwIfAborted();
    if (offset >= total) break;
    failures += 1;
    if (failures === TRIES || statusOf(why) === 412)
      throw wish.failure(`the bytes end at ${offset} of ${total}: ${wordsOf(why)}`, why);
    await sleep(100 * 2 ** failures, undefined, { signal: wish.signal });
  }
  if (offset !== total || (check !== null && check.digest.end() !== check.value))
    throw wish.failure('the bytes are not those whose checksum the service has: they changed there or on the way', why);
}

const wordsOf = (thrown: unknown): string => (statusOf(thrown) === 412 ? 'another file took its place' : s3Words(thrown));

async function rest(wish: ReadWish, offset: number, total: number, first: GetObjectCommandOutput): Promise<Readable> {
  const answer = await get(wish, offset, first);
  const body = bodyOf(answer);
  if (answer.ContentRange?.startsWith(`bytes ${offset}-`) === true && answer.ContentLength === total - offset) return body;
  body.destroy();
  throw new Error('the service does not answer with the rest of the file');
}

/** Null where the service reports nothing the bytes could be compared with. */
function checkOf(first: GetObjectCommandOutput): { readonly value: string; readonly digest: Digesting } | null {
  const reported = reportedDigest(first);
  if (reported === null) return null;
  const parts = /-\d+"?$/.test(first.ETag ?? '') || /-\d+$/.test(first.ChecksumSHA256 ?? '');
  const partBytes = parts ? Number(first.Metadata?.[PART_METADATA]) : null;
  if (Number.isNaN(partBytes)) return null;
  return { value: reported.value, digest: digesting(reported.kind, partBytes) };
}

const bodyOf = (answer: GetObjectCommandOutput): Readable => answer.Body as Readable;

/** The chunks of a stream; fails when the next one takes too long. Time the reader takes does not count. */
async function* awaited(body: Readable, silenceMs: number): AsyncGenerator<Buffer> {
  const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const timer = setTimeout(() => body.destroy(new Error(`no byte came for ${silenceMs / 1_000} s`)), silenceMs);
    const next = await iterator.next().finally(() => clearTimeout(timer));
    if (next.done === true) return;
    yield next.value;
  }
}
