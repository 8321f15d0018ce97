import { spawnSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiveBaseBackup, type BaseBackupReceiver } from '../../../src/db/base-backup.ts';
import { Authority, hasOpenssl, Laboratory, targetOf, type Server } from '../runtime/support.ts';

/** Over a socket and over TCP the content comes past pg's parser, over TLS through it: what arrives has to be the same. */
describe.skipIf(!hasOpenssl)('a base backup (skipped where openssl is missing: it makes the certificate)', () => {
  const lab = new Laboratory();
  let server: Server;
  let withoutTls: Server;
  beforeAll(async () => {
    const options = {
      settings: { wal_level: 'replica', max_wal_senders: '4' },
      hba: ['local all all trust', 'local replication all trust', 'host all all all trust', 'host replication all all trust'],
    };
    server = await lab.start({ ...options, certificate: new Authority(lab.folder).selfSigned('localhost') });
    withoutTls = await lab.start(options);
  });
  afterAll(() => lab.close());

  const files: string[][] = [];

  it.each([
    ['over a Unix socket', () => `host=${server.folder} port=${server.port}`],
    ['over TCP', () => `host=localhost port=${server.port} sslmode=disable`],
    ['over TCP where TLS was asked for and is not there', () => `host=localhost port=${withoutTls.port} sslmode=prefer`],
    ['over TLS', () => `host=localhost port=${server.port} sslmode=require`],
  ])('%s is whole, also where the disk is slower than the server', async (_name, place) => {
    const target = await targetOf(`${place()} user=postgres dbname=postgres`);
    const parts: { readonly name: string; readonly pieces: Buffer[] }[] = [];
    let standing = 0;
    const receiver: BaseBackupReceiver = {
      archive: (name) => void parts.push({ name, pieces: [] }),
      manifest: () => void parts.push({ name: 'manifest', pieces: [] }),
      data: (chunk) => {
        const pieces = parts.at(-1)?.pieces;
        pieces?.push(Buffer.from(chunk));
        return (pieces?.length ?? 0) % 50 !== 0;
      },
      drained: async () => {
        standing += 1;
        await nextTurn();
      },
    };
    await receiveBaseBackup(target, { label: "it's", incrementalTo: null }, receiver, new AbortController().signal);
    expect(parts.map(({ name }) => name)).toEqual(['base.tar', 'manifest']);
    expect(standing).toBeGreaterThan(3);
    const [archive, manifest] = parts.map(({ pieces }) => Buffer.concat(pieces));
    const { stdout, status } = spawnSync('tar', ['-t'], { input: archive, encoding: 'utf8', maxBuffer: 1 << 24 });
    expect(status).toBe(0);
    files.push(stdout.split('\n').filter((name) => /^(?:base|global)\//.test(name)));
    expect(files.at(-1)?.length).toBeGreaterThan(500);
    expect(files.at(-1)).toEqual(files[0]);
    const listed = (JSON.parse(String(manifest)) as { Files: { Path: string }[] }).Files;
    expect(listed.length).toBeGreaterThan(500);
  });
});
