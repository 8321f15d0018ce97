import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { S3Request } from './request.ts';
import { refuse } from './refusal.ts';

export interface Keys {
  readonly id: string;
  readonly key: string;
  readonly region: string;
}

/** S3 refuses requests whose clock is further off than this. */
const SKEW_MS = 15 * 60_000;

/** AWS Signature Version 4 in the header, the payload's hash included: nothing unsigned is taken. */
export function checkSignature(request: S3Request, { id, key, region }: Keys): void {
  const { headers, body } = request;
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, sentId, day = '', sentRegion, names = '', signature = ''] = form.exec(headers['authorization'] ?? '') ?? [];
  if (sentId === undefined) return refuse(403, 'AccessDenied', 'Access Denied');
  if (sentId !== id) refuse(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  if (sentRegion !== region)
    refuse(400, 'AuthorizationHeaderMalformed', `the region '${sentRegion}' is wrong; expecting '${region}'`);
  const time = headers['x-amz-date'] ?? '';
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(at - Date.now()) < SKEW_MS))
    refuse(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.');
  const hash = headers['x-amz-content-sha256'] ?? '';
  if (hash !== sha256Hex(body))
    refuse(400, 'XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 header does not match what was computed.');
  const signed = names.split(';');
  const must = Object.keys(headers).filter(
    (name) => name === 'host' || name === 'content-md5' || (name.startsWith('x-amz-') && name !== 'x-amzn-trace-id'),
  );
  if (!must.every((name) => signed.includes(name)))
    refuse(403, 'AccessDenied', 'There were headers present in the request which were not signed');
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...signed.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    names,
    hash,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256Hex(Buffer.from(canonical))].join('\n');
  const derived = [region, 's3', 'aws4_request'].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    hmac(Buffer.from(`AWS4${key}`), day),
  );
  const expected = hmac(derived, text);
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex')))
    refuse(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
}

const sha256Hex = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&');
}

const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
