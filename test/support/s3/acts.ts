import type { Bucket, Version } from './objects.ts';
import { checkIntegrity, requireIntegrity, requireMd5 } from './integrity.ts';
import { listObjects, listUploads, listVersions } from './listings.ts';
import { headerOf, type S3Answer, type S3Request } from './request.ts';
import { refuse } from './refusal.ts';
import type { Uploads } from './uploads.ts';
import { elements, elementText, xml, type XmlContent } from './xml.ts';

export interface Service {
  readonly bucket: Bucket;
  readonly uploads: Uploads;
  readonly refusesChecksums: boolean;
  /** Answers to a head and a get do not tell of locks: the credentials lack the right. */
  readonly hidesLocks: boolean;
}

/** What the service answers to a request whose signature is good. */
export function act(service: Service, request: S3Request): S3Answer {
  const { method, key, query } = request;
  const sha256 = checkIntegrity(request, service.refusesChecksums);
  if (key === '') return actOnBucket(service, request);
  const upload = query.get('uploadId');
  switch (method) {
    case 'PUT':
      return upload === null ? put(service, request, sha256) : putPart(service, request, upload, sha256);
    case 'POST':
      if (query.has('uploads')) return begin(service, request);
      return upload === null ? refuse(405, 'MethodNotAllowed') : complete(service, request, upload);
    case 'GET':
      return upload === null ? get(service, request) : listParts(service, key, upload);
    case 'HEAD':
      return { ...get(service, request), body: '' };
    case 'DELETE':
      return upload === null ? remove(service, request) : abort(service, key, upload);
    default:
      return refuse(405, 'MethodNotAllowed');
  }
}

function actOnBucket(service: Service, request: S3Request): S3Answer {
  const { method, query } = request;
  if (method === 'POST' && query.has('delete')) return removeBatch(service, request);
  if (method !== 'GET') return refuse(405, 'MethodNotAllowed');
  if (query.has('versions')) return answer('ListVersionsResult', listVersions(service.bucket, query));
  if (query.has('uploads')) return answer('ListMultipartUploadsResult', listUploads(service.uploads, query));
  if (query.get('list-type') === '2') return answer('ListBucketResult', listObjects(service.bucket, query));
  return refuse(501, 'NotImplemented');
}

const answer = (name: string, content: XmlContent): S3Answer => ({ status: 200, body: xml(name, content) });

function put({ bucket }: Service, request: S3Request, sha256: string | undefined): S3Answer {
  const wanted = bucket.wanted(request);
  if (wanted.lock !== null || wanted.hold) requireMd5(request);
  bucket.checkCondition(request, request.key);
  bucket.checkRoom(request.body.length);
  const version = bucket.put(request.key, request.body, wanted, { sha256 });
  return { status: 200, headers: { etag: `"${version.etag}"`, ...versionHeader(version) } };
}

/** Also in a bucket without versions, as some services do; asked for by that id they say that it is none. */
const versionHeader = ({ id }: Version) => ({ 'x-amz-version-id': id });

function begin({ bucket, uploads }: Service, request: S3Request): S3Answer {
  const algorithm = headerOf(request, 'x-amz-checksum-algorithm');
  if (algorithm !== undefined && algorithm !== 'SHA256') refuse(501, 'NotImplemented', `no ${algorithm} here`);
  const upload = uploads.begin(request.key, bucket.wanted(request), algorithm === 'SHA256');
  return answer('InitiateMultipartUploadResult', { Key: request.key, UploadId: upload.id });
}

function putPart(
  { bucket, uploads }: Service,
  { key, query, body }: S3Request,
  id: string,
  sha256: string | undefined,
): S3Answer {
  const upload = uploads.require(id, key);
  bucket.checkRoom(body.length + uploads.bytesHeld());
  const part = uploads.put(upload, Number(query.get('partNumber')), body, sha256);
  return {
    status: 200,
    headers: { etag: `"${part.etag}"`, ...(sha256 === undefined ? {} : { 'x-amz-checksum-sha256': sha256 }) },
  };
}

function complete({ bucket, uploads }: Service, request: S3Request, id: string): S3Answer {
  const upload = uploads.require(id, request.key);
  bucket.checkCondition(request, request.key);
  const parts = elements(request.body.toString(), 'Part').map((part) => ({
    number: Number(elementText(part, 'PartNumber')),
    etag: (elementText(part, 'ETag') ?? '').replaceAll('"', ''),
    sha256: elementText(part, 'ChecksumSHA256'),
  }));
  const version = uploads.complete(upload, parts, bucket);
  const body = xml('CompleteMultipartUploadResult', { Key: request.key, ETag: `"${version.etag}"` });
  return { status: 200, headers: versionHeader(version), body };
}

function listParts({ uploads }: Service, key: string, id: string): S3Answer {
  const { parts } = uploads.require(id, key);
  const Part = [...parts]
    .toSorted(([a], [b]) => a - b)
    .map(([number, { bytes, etag, sha256, at }]) => ({
      PartNumber: number,
      ETag: `"${etag}"`,
      Size: bytes.length,
      ChecksumSHA256: sha256,
      LastModified: at.toISOString(),
    }));
  return answer('ListPartsResult', { Key: key, UploadId: id, IsTruncated: false, Part });
}

function abort({ uploads }: Service, key: string, id: string): S3Answer {
  uploads.all.delete(uploads.require(id, key).id);
  return { status: 204 };
}

function get({ bucket, hidesLocks }: Service, request: S3Request): S3Answer {
  if (request.query.get('versionId') === 'null') refuse(400, 'InvalidArgument', 'Invalid version id specified');
  const version = bucket.get(request.key, request.query.get('versionId') ?? undefined);
  const { bytes, etag, lock, hold } = version;
  const match = headerOf(request, 'if-match');
  if (match !== undefined && match !== `"${etag}"`) refuse(412, 'PreconditionFailed');
  const range = /^bytes=(\d+)-(\d*)$/.exec(headerOf(request, 'range') ?? '');
  const [from, end] = range === null ? [0, bytes.length] : [Number(range[1]), range[2] ? Number(range[2]) + 1 : bytes.length];
  if (range !== null && from >= bytes.length) refuse(416, 'InvalidRange');
  const body = bytes.subarray(from, end);
  const shown = headerOf(request, 'x-amz-checksum-mode') === 'ENABLED' && version.sha256 !== undefined && range === null;
  return {
    status: range === null ? 200 : 206,
    headers: {
      'content-length': String(body.length),
      etag: `"${etag}"`,
      ...versionHeader(version),
      ...(range === null ? {} : { 'content-range': `bytes ${from}-${end - 1}/${bytes.length}` }),
      ...(shown ? { 'x-amz-checksum-sha256': version.sha256 ?? '' } : {}),
      ...Object.fromEntries(Object.entries(version.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
      ...(lock === null || hidesLocks
        ? {}
        : { 'x-amz-object-lock-mode': lock.mode, 'x-amz-object-lock-retain-until-date': lock.until.toISOString() }),
      ...(hold && !hidesLocks ? { 'x-amz-object-lock-legal-hold': 'ON' } : {}),
    },
    body,
  };
}

function remove({ bucket }: Service, request: S3Request): S3Answer {
  const bypass = headerOf(request, 'x-amz-bypass-governance-retention') === 'true';
  bucket.remove(request.key, request.query.get('versionId') ?? undefined, bypass);
  return { status: 204 };
}

/** A batch is answered with 200 whatever comes of its objects. */
function removeBatch({ bucket }: Service, request: S3Request): S3Answer {
  requireIntegrity(request);
  const bypass = headerOf(request, 'x-amz-bypass-governance-retention') === 'true';
  const objects = elements(request.body.toString(), 'Object');
  if (objects.length === 0 || objects.length > 1_000) refuse(400, 'MalformedXML');
  const failed: XmlContent[] = [];
  for (const object of objects) {
    const key = elementText(object, 'Key') ?? '';
    try {
      bucket.remove(key, elementText(object, 'VersionId'), bypass);
    } catch (thrown) {
      failed.push({ Key: key, Code: (thrown as { code: string }).code, Message: (thrown as Error).message });
    }
  }
  return answer('DeleteResult', { Error: failed });
}
