import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  UploadPartCommand,
  type Part as StoredPart,
} from '@aws-sdk/client-s3';
import { atOnce } from '../at-once.ts';
import type { Source } from '../content.ts';
import type { Transfer } from '../storage.ts';
import { lockFields, versionOf } from './client.ts';
import { digestOf, joined, reportedDigest, type Digest } from './digest.ts';
import { pacedBody } from './paced-body.ts';
import { partBytes, partsAtOnce, partsOf, type Part } from './parts.ts';
import { PART_METADATA } from './read.ts';
import type { Target } from './target.ts';
import { abortUpload, openUploads, storedParts } from './uploads.ts';

/** An upload that began earlier is not gone on with: its lock would end too early, and whoever made it is gone. */
const RESUMED_WITHIN_MS = 86_400_000;

/** When an upload began is told by the service's clock, and its lock was counted by ours. */
const CLOCKS_APART_MS = 3_600_000;

/** What was stored, by our own count. */
export interface Uploaded {
  readonly digest: Digest;
  /** In a bucket with versions: which of them it is. */
  readonly version: string | undefined;
  /** When the lock was asked for. */
  readonly asked: Date;
}

/** A part the service has, with the name it has for its content. */
interface Kept {
  readonly digest: Digest;
  readonly etag: string;
}

interface Upload {
  readonly id: string;
  readonly asked: Date;
  readonly kept: ReadonlyMap<number, Kept>;
}

/**
 * Stores a large file in parts, a few at a time. Goes on with an upload of the same key whose parts are those of this file, and clears other
 * uploads of the key away: a bucket keeps and charges them for ever. What is interrupted leaves its parts, and nothing under the key.
 */
export async function uploadInParts(target: Target, source: Source, transfer: Transfer): Promise<Uploaded> {
  const size = partBytes(source.bytes, target.partBytes);
  const parts = partsOf(source.bytes, size);
  const upload = (await resumed(target, source, parts)) ?? (await begun(target, size));
  const kept = new Map(upload.kept);
  for (const { digest } of kept.values()) transfer.onBytes(digest.bytes);
  const missing = parts.filter(({ number }) => !kept.has(number));
  await atOnce(missing, partsAtOnce(size), target.signal, async (part, signal) => {
    kept.set(part.number, await putPart({ ...target, signal }, upload.id, part, source, transfer));
    transfer.onBytes(part.bytes);
  });
  const all = parts.map(({ number }) => kept.get(number) as Kept);
  const version = await complete(target, upload.id, all);
  return { digest: joined(all.map(({ digest }) => digest)), version, asked: upload.asked };
}

/** The newest upload of the key that can be gone on with; the others are given up. */
async function resumed(target: Target, source: Source, parts: readonly Part[]): Promise<Upload | null> {
  let taken: Upload | null = null;
  for (const { UploadId: id, Initiated: asked } of await openUploads(target)) {
    if (id === undefined) continue;
    const fresh = asked !== undefined && target.clock().getTime() - asked.getTime() < RESUMED_WITHIN_MS;
    const kept: Upload['kept'] | null =
      taken === null && fresh ? await matching(source, parts, await storedParts(target, id)) : null;
    if (kept === null || asked === undefined) await abortUpload(target, id);
    else taken = { id, asked: new Date(asked.getTime() - CLOCKS_APART_MS), kept };
  }
  return taken;
}

/** The parts that are there, each compared with the bytes at hand; null: they are of another file, or there are none. */
async function matching(
  source: Source,
  parts: readonly Part[],
  stored: readonly StoredPart[],
): Promise<Map<number, Kept> | null> {
  const kept = new Map<number, Kept>();
  for (const { PartNumber: number, Size: bytes, ETag: etag = '', ChecksumSHA256: sha256 } of stored) {
    const part = number === undefined ? undefined : parts[number - 1];
    if (part === undefined || part.bytes !== bytes) return null;
    const digest = digestOf(await source.read(part.offset, part.bytes));
    const same = sha256 === undefined ? etag.replaceAll('"', '') === digest.md5 : sha256 === digest.sha256;
    if (!same) return null;
    kept.set(part.number, { digest, etag });
  }
  return kept.size === 0 ? null : kept;
}

async function begun({ client, bucket, key, lock, checksums, clock, signal }: Target, size: number): Promise<Upload> {
  const asked = clock();
  const request = new CreateMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    Metadata: { [PART_METADATA]: String(size) },
    ...(checksums === 'sha256' ? { ChecksumAlgorithm: 'SHA256' as const } : {}),
    ...lockFields(lock, asked),
  });
  const { UploadId: id } = await client.send(request, { abortSignal: signal });
  if (id === undefined) throw new Error('the service began no upload');
  return { id, asked, kept: new Map() };
}

async function putPart(target: Target, id: string, part: Part, source: Source, { pace }: Transfer): Promise<Kept> {
  const { client, bucket, key, checksums, signal } = target;
  const bytes = await source.read(part.offset, part.bytes);
  const digest = digestOf(bytes);
  const request = new UploadPartCommand({
    Bucket: bucket,
    Key: key,
    UploadId: id,
    PartNumber: part.number,
    Body: bytes,
    ...integrity(checksums, digest),
  });
  if (pace !== undefined) pacedBody(request, pace, signal);
  const { ETag: etag = '' } = await client.send(request, { abortSignal: signal });
  return { digest, etag };
}

/** What the service is to compare the bytes of a request with. Ceph takes no notice of the sum where its algorithm is not named, too. */
export const integrity = (checksums: Target['checksums'], { sha256, md5 }: Digest) =>
  checksums === 'sha256'
    ? { ChecksumAlgorithm: 'SHA256' as const, ChecksumSHA256: sha256 }
    : { ContentMD5: Buffer.from(md5, 'hex').toString('base64') };

async function complete(target: Target, id: string, parts: readonly Kept[]): Promise<string | undefined> {
  const { client, bucket, key, checksums, signal } = target;
  const request = new CompleteMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: id,
    MultipartUpload: {
      Parts: parts.map(({ digest, etag }, index) => ({
        PartNumber: index + 1,
        ETag: etag,
        ...(checksums === 'sha256' ? { ChecksumSHA256: digest.sha256 } : {}),
      })),
    },
  });
  const answer = await client.send(request, { abortSignal: signal }).catch((thrown: Error) => completed(target, parts, thrown));
  return versionOf(answer);
}

/** The upload is gone: by our own request, whose answer was lost and which was sent again, or else `thrown` holds. */
async function completed(
  { client, bucket, key, checksums, signal }: Target,
  parts: readonly Kept[],
  thrown: Error,
): Promise<Partial<HeadObjectCommandOutput>> {
  if (thrown.name !== 'NoSuchUpload') throw thrown;
  const mode = checksums === 'sha256' ? { ChecksumMode: 'ENABLED' as const } : {};
  const head = await client
    .send(new HeadObjectCommand({ Bucket: bucket, Key: key, ...mode }), { abortSignal: signal })
    .catch(() => ({}));
  const reported = reportedDigest(head);
  if (reported === null || joined(parts.map(({ digest }) => digest))[reported.kind] !== reported.value) throw thrown;
  return head;
}
