import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { sftpStorage, type SftpSettings } from '../../../src/ops/storage/sftp.ts';
import { startSshServer, type SshServer } from '../../support/sshd.ts';
import { behavesAsStorage } from '../../support/storage-contract.ts';

let server: SshServer;
beforeAll(async () => {
  server = await startSshServer();
}, 120_000);
afterAll(() => server.stop());

function remote(path: string, more: Partial<SftpSettings> = {}) {
  return sftpStorage({
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    path: join(server.folder, path),
    keyFile: server.keyFile,
    knownHosts: server.knownHosts,
    variables: process.env,
    clock: () => new Date(),
    signal: new AbortController().signal,
    ...more,
  });
}

describe('a folder of another machine', () => {
  let count = 0;
  behavesAsStorage(() => {
    const path = `contract/${(count += 1)}`;
    return Promise.resolve({ storage: remote(path), again: () => Promise.resolve(remote(path)) });
  });
});
