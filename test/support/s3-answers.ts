import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

/** A service with a bucket that has object lock, and somebody who may use it. */
export interface AskedService {
  readonly endpoint: string;
  readonly region: string;
  readonly access: { readonly id: string; readonly key: string };
  readonly bucket: string;
}

type Ask = (client: S3Client, Bucket: string) => Promise<unknown>;

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');
const md5 = (text: string) => createHash('md5').update(text).digest('base64');
const day = (after: number) => new Date(Date.now() + after * 86_400_000);
const Body = 'content';

const locked = (Bucket: string, Key: string, mode: 'COMPLIANCE' | 'GOVERNANCE') =>
  new PutObjectCommand({
    Bucket,
    Key,
    Body,
    ContentMD5: md5(Body),
    ObjectLockMode: mode,
    ObjectLockRetainUntilDate: day(1),
  });

async function parts(client: S3Client, Bucket: string, Key: string, sizes: readonly number[], tag?: string) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts = [];
  for (const [at, size] of sizes.entries()) {
    const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body: Buffer.alloc(size) };
    const { ETag } = await client.send(new UploadPartCommand(part));
    Parts.push({ PartNumber: at + 1, ETag: tag ?? ETag });
  }
  return { Bucket, Key, UploadId, MultipartUpload: { Parts } };
}

const PART = 5 << 20;

/** Things that must not go well, and one that must, in the words of the SDK. */
const ASKED: Readonly<Record<string, Ask>> = {
  'a put with the right SHA-256': (client, Bucket) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'right', Body, ChecksumAlgorithm: 'SHA256', ChecksumSHA256: sha256(Body) })),
  'a put with a wrong SHA-256': (client, Bucket) =>
    client.send(
      new PutObjectCommand({ Bucket, Key: 'wrong', Body, ChecksumAlgorithm: 'SHA256', ChecksumSHA256: sha256('other') }),
    ),
  'a put with a wrong SHA-256 whose algorithm is not named': (client, Bucket) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'wrong', Body, ChecksumSHA256: sha256('other') })),
  'a put with a wrong MD5': (client, Bucket) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'wrong', Body, ContentMD5: md5('other') })),
  'a put where one is, if there is none': async (client, Bucket) => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'there', Body }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'there', Body, IfNoneMatch: '*' }));
  },
  'parts put together where one is, if there is none': async (client, Bucket) => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'there', Body }));
    const upload = await parts(client, Bucket, 'there', [1]);
    await client.send(new CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: '*' }));
  },
  'a small part before the last': async (client, Bucket) => {
    await client.send(new CompleteMultipartUploadCommand(await parts(client, Bucket, 'small', [1, PART])));
  },
  'a part with another tag': async (client, Bucket) => {
    const upload = await parts(client, Bucket, 'tag', [1], '"00000000000000000000000000000000"');
    await client.send(new CompleteMultipartUploadCommand(upload));
  },
  'parts put together a second time': async (client, Bucket) => {
    const upload = await parts(client, Bucket, 'twice', [1]);
    await client.send(new CompleteMultipartUploadCommand(upload));
    await client.send(new CompleteMultipartUploadCommand(upload));
  },
  'parts of an upload that was given up': async (client, Bucket) => {
    const upload = await parts(client, Bucket, 'gone', [1]);
    await client.send(new AbortMultipartUploadCommand(upload));
    await client.send(new CompleteMultipartUploadCommand(upload));
  },
  'a range behind the end': async (client, Bucket) => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'short', Body }));
    await client.send(new GetObjectCommand({ Bucket, Key: 'short', Range: 'bytes=100-' }));
  },
  'a get of another version than was asked for': async (client, Bucket) => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'version', Body }));
    await client.send(new GetObjectCommand({ Bucket, Key: 'version', IfMatch: '"00000000000000000000000000000000"' }));
  },
  'a get of what is not there': (client, Bucket) => client.send(new GetObjectCommand({ Bucket, Key: 'never' })),
  'the removal of a version under compliance, by whoever may pass by': async (client, Bucket) => {
    const { VersionId } = await client.send(locked(Bucket, 'compliance', 'COMPLIANCE'));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'compliance', VersionId, BypassGovernanceRetention: true }));
  },
  'the removal of a version under governance': async (client, Bucket) => {
    const { VersionId } = await client.send(locked(Bucket, 'governance', 'GOVERNANCE'));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'governance', VersionId }));
  },
  'the removal of a version under legal hold': async (client, Bucket) => {
    const held = { Bucket, Key: 'held', Body, ContentMD5: md5(Body), ObjectLockLegalHoldStatus: 'ON' } as const;
    const { VersionId } = await client.send(new PutObjectCommand(held));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'held', VersionId }));
  },
  'a lock that is over': (client, Bucket) => {
    const until = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: day(-1) } as const;
    return client.send(new PutObjectCommand({ Bucket, Key: 'over', Body, ContentMD5: md5(Body), ...until }));
  },
};

/** By what was asked: `done`, or status and code of the refusal. */
export async function answersOf(service: AskedService): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [what, ask] of Object.entries(ASKED)) found[what] = await answered(service, service.access.key, ask);
  found['a put with a wrong secret'] = await answered(service, 'not the secret', (client, Bucket) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'secret', Body })),
  );
  return found;
}

async function answered({ endpoint, region, access, bucket }: AskedService, secret: string, ask: Ask): Promise<string> {
  const credentials = { accessKeyId: access.id, secretAccessKey: secret };
  const how = { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' } as const;
  const client = new S3Client({ region, endpoint, forcePathStyle: true, credentials, maxAttempts: 1, ...how });
  try {
    await ask(client, bucket);
    return 'done';
  } catch (thrown) {
    const { name, $metadata: answer } = thrown as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${answer?.httpStatusCode ?? ''} ${name}`;
  } finally {
    client.destroy();
  }
}

/** What our fake answers, as Amazon documents it. */
export const ANSWERS: Readonly<Record<string, string>> = {
  'a put with the right SHA-256': 'done',
  'a put with a wrong SHA-256': '400 BadDigest',
  'a put with a wrong SHA-256 whose algorithm is not named': '400 BadDigest',
  'a put with a wrong MD5': '400 BadDigest',
  'a put where one is, if there is none': '412 PreconditionFailed',
  'parts put together where one is, if there is none': '412 PreconditionFailed',
  'a small part before the last': '400 EntityTooSmall',
  'a part with another tag': '400 InvalidPart',
  'parts put together a second time': '404 NoSuchUpload',
  'parts of an upload that was given up': '404 NoSuchUpload',
  'a range behind the end': '416 InvalidRange',
  'a get of another version than was asked for': '412 PreconditionFailed',
  'a get of what is not there': '404 NoSuchKey',
  'the removal of a version under compliance, by whoever may pass by': '403 AccessDenied',
  'the removal of a version under governance': '403 AccessDenied',
  'the removal of a version under legal hold': '403 AccessDenied',
  'a lock that is over': '400 InvalidArgument',
  'a put with a wrong secret': '403 SignatureDoesNotMatch',
};

/** What Ceph 20.2 answers: the same, but for these. */
export const CEPH_ANSWERS: Readonly<Record<string, string>> = {
  ...ANSWERS,
  'a put with a wrong SHA-256 whose algorithm is not named': 'done',
  // Amazon answers it for some time, too: our fake takes the worse case, a lost answer after which nothing is known.
  'parts put together a second time': 'done',
  'parts of an upload that was given up': '500 InternalError',
};
