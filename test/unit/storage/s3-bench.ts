import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { S3_KEYS, startS3Server, type Fault, type S3Server, type S3ServerOptions } from '../../support/s3-server.ts';

export const MIB = 1_048_576;
/** Four parts, the last a short one. */
export const content = randomBytes(15 * MIB + 99);

/** The path of a file with `content`, there while the tests of the calling file run: modules outlive a file, so it is made for each. */
export function contentFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-s3-'));
  const path = join(folder, 'content');
  beforeAll(() => writeFileSync(path, content));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return path;
}

/** A server that ends with the test it was started in. */
export async function start(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = await startS3Server(options);
  onTestFinished(() => server.stop());
  return server;
}

/** Of an act that has to fail with storage.failed: message and hint, in neither of which the key is. */
export async function failure(act: Promise<unknown>): Promise<DbctlError> {
  const thrown: unknown = await act.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof DbctlError)) throw thrown;
  expect(thrown.code).toBe('storage.failed');
  expect(JSON.stringify([thrown.message, thrown.hint])).not.toContain(S3_KEYS.key);
  return thrown;
}

/** The first so many requests that fit go wrong. */
export function first(count: number, fits: RegExp, fault: Fault): S3Server['fault'] {
  let left = count;
  return ({ method, key, query }) => {
    const line = `${method} ${key}${query.has('partNumber') ? ` part ${query.get('partNumber')}` : ''}${query.has('uploadId') ? ' of upload' : ''}`;
    if (!fits.test(line) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}
