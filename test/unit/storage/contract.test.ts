import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe } from 'vitest';
import { folderStorage } from '../../../src/ops/storage/folder.ts';
import { behavesAsStorage } from '../../support/storage-contract.ts';
import { startS3Server, type S3Server, type S3ServerOptions } from '../../support/s3-server.ts';
import { labStorage } from './support.ts';

describe('a folder', () => {
  const root = mkdtempSync(join(tmpdir(), 'dbctl-folder-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let count = 0;
  behavesAsStorage(() => {
    const path = join(root, String((count += 1)));
    return Promise.resolve({ storage: folderStorage(path), again: () => Promise.resolve(folderStorage(path)) });
  });
});

describe.each<[string, S3ServerOptions, 'sha256' | 'when_required']>([
  ['a bucket', {}, 'sha256'],
  ['a bucket with versions', { versions: true }, 'sha256'],
  ['a bucket of a service that refuses new checksums', { refusesChecksums: true }, 'when_required'],
])('%s', (_name, options, checksums) => {
  let server: S3Server;
  beforeEach(async () => {
    server = await startS3Server(options);
  });
  afterEach(() => server.stop());
  behavesAsStorage(() => {
    const again = () => Promise.resolve(labStorage(server, { checksums }));
    return Promise.resolve({ storage: labStorage(server, { checksums }), again });
  });
});
