import { s3Storage, type S3Settings } from '../../../src/ops/storage/s3.ts';
import { S3_KEYS, type S3Server } from '../../support/s3-server.ts';
import { LEAST_PART } from '../../../src/ops/storage/s3/parts.ts';

/** The bucket of the fake, with parts as small as the service takes them and no patience. */
export function labStorage(server: S3Server, more: Partial<S3Settings> = {}) {
  return s3Storage({
    bucket: 'lab',
    region: S3_KEYS.region,
    endpoint: server.endpoint,
    access: { id: S3_KEYS.id, key: S3_KEYS.key },
    prefix: 'db/',
    lock: null,
    checksums: 'sha256',
    partBytes: LEAST_PART,
    patience: { attempts: 3, connectMs: 1_000, silenceMs: 700, wholeMs: 3_000 },
    clock: () => new Date(),
    signal: new AbortController().signal,
    ...more,
  });
}
