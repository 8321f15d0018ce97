import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAIN, type Codec } from '../../../src/ops/codec/codec.ts';
import { keyCommitment, newDataKey } from '../../../src/ops/codec/data-key.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { makePlainFolder } from '../../../src/ops/codec/plain-folder.ts';
import { wrapKey } from '../../../src/ops/codec/recipients.ts';
import { unlockBackup } from '../../../src/ops/codec/unlock.ts';
import { FRAME, HEADER, TAG, WORD } from '../../../src/ops/codec/frames.ts';
import type { LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import { withBackupFolder } from '../../../src/ops/restore/bring.ts';
import { onServer } from '../../support/connection.ts';
import { QUIET, backupBench } from '../backup/support.ts';
import { faultsOf } from '../../support/faults.ts';

/** Each named fault is put into a copy of a repository with two encrypted backups; a restore has to catch it with words of its own. */
const bench = backupBench();
const plain = mkdtempSync(join(tmpdir(), 'dbctl-faults-plain-'));
let recipients: string[];
let first: LogicalManifest;
let second: LogicalManifest;

const codec = (name = 'ann'): Codec => ({
  ...PLAIN,
  recipients,
  plain,
  identity: () => openIdentity({ kind: 'file', file: name }, { variables: {}, folder: bench.folder }),
});
const whole = () => folderRepository('whole', join(bench.folder, 'whole'), codec());

beforeAll(async () => {
  recipients = [];
  for (const name of ['ann', 'eve']) recipients.push(await createIdentity(join(bench.folder, name), new Date()));
  recipients = recipients.slice(0, 1);
  await onServer(bench.server.url(), 'create database lab');
  await onServer(
    bench.server.url('lab'),
    'create table t (id int, note text)',
    // More than a frame, and nothing compresses away.
    `insert into t select n, md5(random()::text) from generate_series(1, 12000) n`,
  );
  first = await bench.create('lab', whole());
  second = await bench.create('lab', whole());
}, 180_000);
afterAll(() => rmSync(plain, { recursive: true, force: true }));

interface Scene {
  readonly repository: FolderRepository;
  /** The larger data file of the second backup, another of it, and the same of the first. */
  readonly data: string;
  readonly other: string;
  readonly before: string;
  readonly key: string;
  readonly keyBefore: string;
}
const largest = ({ files }: LogicalManifest) => files.toSorted((a, b) => b.bytes - a.bytes)[0]?.path ?? '';
const edit = (path: string, change: (bytes: Buffer) => Buffer | string) => writeFileSync(path, change(readFileSync(path)));
const flip = (path: string, place: number) =>
  edit(path, (bytes) => {
    bytes.writeUInt8((bytes[place] ?? 0) ^ 1, place);
    return bytes;
  });
const SEALED_FRAME = WORD + FRAME + TAG;

const FAULTS: readonly [string, (scene: Scene) => unknown, RegExp][] = [
  ['a flipped bit in the first frame', ({ data }) => flip(data, HEADER + 1_000), /was changed in frame 0/],
  ['a flipped bit in the second frame', ({ data }) => flip(data, HEADER + SEALED_FRAME + 1_000), /was changed in frame 1/],
  ['a flipped bit in a tag', ({ data }) => flip(data, HEADER + WORD + FRAME + 3), /was changed in frame 0/],
  ['a flipped bit in the salt', ({ data }) => flip(data, 20), /the key does not open .* or the header was changed/],
  [
    'a flipped bit in the check of the name',
    ({ data }) => flip(data, 70),
    /was encrypted under another name, or its header was changed/,
  ],
  [
    'a file cut at the end of a frame',
    ({ data }) => edit(data, (all) => all.subarray(0, HEADER + SEALED_FRAME)),
    /is cut short in frame 1/,
  ],
  ['a file cut within a frame', ({ data }) => edit(data, (all) => all.subarray(0, -10)), /is cut short in frame \d/],
  ['a file cut within its header', ({ data }) => edit(data, (all) => all.subarray(0, 40)), /is cut short within its header/],
  ['an empty file', ({ data }) => writeFileSync(data, ''), /is cut short within its header/],
  ['a prolonged file', ({ data }) => appendFileSync(data, 'x'), /goes on behind its last frame/],
  [
    'frames in another order',
    ({ data }) =>
      edit(data, (all) => {
        const frame = (n: number) => all.subarray(HEADER + n * SEALED_FRAME, HEADER + (n + 1) * SEALED_FRAME);
        return Buffer.concat([all.subarray(0, HEADER), frame(1), frame(0), all.subarray(HEADER + 2 * SEALED_FRAME)]);
      }),
    /was changed in frame 0, or frames of it are missing or not in their order/,
  ],
  [
    'a frame left out',
    ({ data }) => edit(data, (all) => Buffer.concat([all.subarray(0, HEADER), all.subarray(HEADER + SEALED_FRAME)])),
    /was changed in frame 0, or frames of it are missing/,
  ],
  ['another file of the backup in its place', ({ data, other }) => cpSync(other, data), /was encrypted under another name/],
  [
    'the same file of another backup',
    ({ data, before }) => cpSync(before, data),
    /the key does not open .* it is the key of another backup/,
  ],
  ['a file in clear', ({ data }) => writeFileSync(data, 'PGDMP'.repeat(100)), /is not encrypted by dbctl/],
  [
    'a newer format',
    ({ data }) => edit(data, (all) => all.fill('9', 14, 15)),
    /is of version 9 of the format, and this dbctl reads version 1/,
  ],
  ['a missing file', ({ data }) => rmSync(data), /is missing/],
  ['the key of another backup', ({ key, keyBefore }) => cpSync(keyBefore, key), /key\.age holds the key of another backup/],
  ['no key', ({ key }) => rmSync(key), /has no key\.age/],
  ['a damaged key', ({ key }) => edit(key, (text) => text.toString().replace(/\n.{30}/, '\n')), /key\.age is damaged/],
  [
    'a key for somebody else',
    async ({ key }) => writeFileSync(key, await forEve()),
    /does not open key\.age: it was wrapped for others/,
  ],
  [
    'a key somebody made up',
    async ({ key }) => writeFileSync(key, await wrapKey(newDataKey(), recipients)),
    /key of another backup/,
  ],
];

const forEve = async () => {
  const dataKey = await unlockBackup(whole(), second);
  const eve = readFileSync(join(bench.folder, 'eve'), 'utf8').match(/age1\S+/)?.[0] ?? '';
  return wrapKey(dataKey ?? Buffer.alloc(0), [eve]);
};

describe('a restore of an encrypted backup', () => {
  faultsOf('encryption');
  it('has the files in clear for as long as it takes, for its owner alone', async () => {
    const inputs = { ...QUIET, repository: whole(), manifest: second };
    const seen = await withBackupFolder(inputs, (folder) => {
      expect(folder.startsWith(plain)).toBe(true);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(readFileSync(join(folder, 'schema.sql'), 'utf8')).toContain('CREATE TABLE public.t');
      return Promise.resolve(readdirSync(folder).toSorted());
    });
    expect(seen).toContain('dump');
    expect(readdirSync(plain)).toEqual([]);
    expect(second.encryption?.keyCommitment).toBe(keyCommitment((await unlockBackup(whole(), second)) ?? Buffer.alloc(0)));
    expect(first.encryption?.keyCommitment).not.toBe(second.encryption?.keyCommitment);
  });

  it.each(FAULTS)('does not believe %s', async (name, fault, said) => {
    const folder = join(bench.folder, `fault-${name.replaceAll(' ', '-')}`);
    cpSync(whole().folder, folder, { recursive: true });
    const at = (manifest: LogicalManifest, path: string) => join(folder, manifest.id, path);
    const data = largest(second);
    await fault({
      repository: folderRepository('copy', folder, codec()),
      data: at(second, data),
      other: at(second, second.files.find(({ path }) => path !== data)?.path ?? ''),
      before: at(first, data),
      key: at(second, 'key.age'),
      keyBefore: at(first, 'key.age'),
    });
    const restored = withBackupFolder({ ...QUIET, repository: folderRepository('copy', folder, codec()), manifest: second }, () =>
      Promise.resolve('restored'),
    );
    await expect(restored).rejects.toThrow(said);
    expect(readdirSync(plain)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('what is plain for a moment', () => {
  it('goes when the run that left it is dead, and only then', async () => {
    const left = (pid: number) => join(plain, `dbctl-plain-${pid}-x`);
    const child = spawn('true');
    await new Promise((ended) => child.on('close', ended));
    for (const pid of [child.pid ?? 0, process.pid]) cpSync(join(bench.folder, 'ann'), join(left(pid), 'rows'));
    const made = await makePlainFolder(plain, 1);
    expect(readdirSync(plain).length).toBe(2);
    expect(statSync(left(process.pid)).isDirectory()).toBe(true);
    for (const path of [made, left(process.pid)]) renameSync(path, join(bench.folder, `gone-${Math.random()}`));
  });

  it('is refused where there is no room, with the way out', async () => {
    await expect(makePlainFolder(plain, 1e18)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/has \d+ MB free, and 1000000000000 MB are needed/) as string,
      hint: 'Name another folder in backup.encryption.work.',
    });
  });
});
