import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { headerOf, type S3Request } from './request.ts';
import { refuse } from './refusal.ts';

const base64 = (algorithm: string, bytes: Buffer): string => createHash(algorithm).update(bytes).digest('base64');

function crc32Base64(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

/** Compares the body with each checksum the request carries. Returns the SHA-256, where one was given: it is kept with the object. */
export function checkIntegrity(request: S3Request, refusesChecksums: boolean): string | undefined {
  const { body } = request;
  const sent = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-checksum-') || name === 'x-amz-sdk-checksum-algorithm',
  );
  if (refusesChecksums && sent.length > 0)
    refuse(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
  const md5 = headerOf(request, 'content-md5');
  if (md5 !== undefined && md5 !== base64('md5', body))
    refuse(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  const crc = headerOf(request, 'x-amz-checksum-crc32');
  if (crc !== undefined && crc !== crc32Base64(body))
    refuse(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
  const sha256 = headerOf(request, 'x-amz-checksum-sha256');
  if (sha256 !== undefined && sha256 !== base64('sha256', body))
    refuse(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  return sha256;
}

/** Of objects with a lock, where some services take no other checksum. */
export function requireMd5(request: S3Request): void {
  if (headerOf(request, 'content-md5') === undefined)
    refuse(400, 'InvalidRequest', 'Content-MD5 HTTP header is required for Put Object requests with Object Lock parameters');
}

/** Where S3 demands a checksum or an MD5: batches of deletions. */
export function requireIntegrity(request: S3Request): void {
  const some = Object.keys(request.headers).some((name) => name === 'content-md5' || /^x-amz-checksum-(crc|sha)/.test(name));
  if (!some) refuse(400, 'InvalidRequest', 'Content-MD5 OR x-amz-checksum- HTTP header is required for this request');
}
