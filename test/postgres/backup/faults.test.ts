import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { manifestText, sealOf, type LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { backupProblems, knowBackups } from '../../../src/ops/backup/verify.ts';
import { requireFiles } from '../../../src/ops/restore/bring.ts';
import type { Repository } from '../../../src/ops/backup/repository.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import { onServer } from '../../support/connection.ts';
import { QUIET, backupBench } from './support.ts';
import { faultsOf } from '../../support/faults.ts';

/**
 * The mutation table: each named fault is put into a copy of a repository with two backups, and has to be caught with words of its own. The
 * fault is in the second backup, unless it says otherwise.
 */
const bench = backupBench();
let first: LogicalManifest;
let second: LogicalManifest;
let thief: Signer;

interface Scene {
  /** Of the repository's copy, of the second backup and of the first. */
  readonly folder: string;
  readonly backup: string;
  readonly other: string;
  /** Two data files of the second backup, the larger one first. */
  readonly data: readonly [string, string];
}
const at = (scene: Scene, ...parts: readonly string[]) => join(scene.backup, ...parts);
const edit = (path: string, change: (bytes: Buffer) => Buffer | string) => writeFileSync(path, change(readFileSync(path)));
const flip = (path: string, place: (size: number) => number) =>
  edit(path, (bytes) => {
    const index = place(bytes.length);
    bytes.writeUInt8((bytes[index] ?? 0) ^ 1, index);
    return bytes;
  });
const swap = (a: string, b: string) => {
  renameSync(a, `${a}.x`);
  renameSync(b, a);
  renameSync(`${a}.x`, b);
};
const editManifest = (scene: Scene, change: (manifest: LogicalManifest) => LogicalManifest) =>
  edit(at(scene, 'manifest.json'), (bytes) => manifestText(change(JSON.parse(bytes.toString()) as LogicalManifest)));
async function seal(
  scene: Scene,
  signer: Signer,
  change: (manifest: LogicalManifest) => LogicalManifest = (manifest) => manifest,
) {
  editManifest(scene, change);
  writeFileSync(
    at(scene, 'manifest.note'),
    await sealOf(JSON.parse(readFileSync(at(scene, 'manifest.json'), 'utf8')) as LogicalManifest, signer),
  );
}

const OTHER_BYTES = /has other bytes than were written/;
const OTHER_SIZE = /has \d+ bytes instead of \d+/;
const MISSING = /is missing/;
const NOT_SIGNED = /^the manifest of \S+ is not the one that was signed$/;
const UNTRUSTED = /^the note is not to be trusted: /;

const FAULTS: readonly (readonly [name: string, fault: (scene: Scene) => void | Promise<void>, said: RegExp])[] = [
  ['first bit of a data file flipped', ({ data: [a] }) => flip(a, () => 0), OTHER_BYTES],
  ['a bit in the middle of a data file flipped', ({ data: [a] }) => flip(a, (size) => size >> 1), OTHER_BYTES],
  ['last bit of a data file flipped', ({ data: [a] }) => flip(a, (size) => size - 1), OTHER_BYTES],
  ['a block of a data file zeroed', ({ data: [a] }) => edit(a, (bytes) => bytes.fill(0, 100, 200)), OTHER_BYTES],
  [
    'two blocks of a data file swapped',
    ({ data: [a] }) => edit(a, (bytes) => Buffer.concat([bytes.subarray(100, 200), bytes.subarray(0, 100), bytes.subarray(200)])),
    OTHER_BYTES,
  ],
  ['a data file reversed', ({ data: [a] }) => edit(a, (bytes) => bytes.reverse()), OTHER_BYTES],
  ['a data file one byte short', ({ data: [a] }) => truncateSync(a, statSync(a).size - 1), OTHER_SIZE],
  ['a data file cut in half', ({ data: [a] }) => truncateSync(a, statSync(a).size >> 1), OTHER_SIZE],
  ['a data file emptied', ({ data: [a] }) => truncateSync(a, 0), OTHER_SIZE],
  ['a byte more in a data file', ({ data: [a] }) => edit(a, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])), OTHER_SIZE],
  ['a data file removed', ({ data: [a] }) => rmSync(a), MISSING],
  ['a data file renamed', ({ data: [a] }) => renameSync(a, `${a}.old`), /is missing; .*\.old is no part of the backup/],
  ['two data files swapped', ({ data: [a, b] }) => swap(a, b), /; /],
  [
    'a data file of the other backup',
    (scene) => copyFileSync(scene.data[0].replace(scene.backup, scene.other), scene.data[0]),
    /bytes/,
  ],
  ['a data file that is a folder', ({ data: [a] }) => (rmSync(a), mkdirSync(a)), MISSING],
  [
    'a data file that is a link to the same bytes',
    ({ data: [a], folder }) => (renameSync(a, join(folder, '.moved')), symlinkSync(join(folder, '.moved'), a)),
    /is no longer a plain file/,
  ],
  ['a data file that is a pipe', ({ data: [a] }) => (rmSync(a), void execFileSync('mkfifo', [a])), /is no longer a plain file/],
  [
    'all data files removed',
    (scene) => readdirSync(at(scene, 'dump')).forEach((name) => name !== 'toc.dat' && rmSync(at(scene, 'dump', name))),
    MISSING,
  ],
  ['the dump removed', (scene) => rmSync(at(scene, 'dump'), { recursive: true }), /dump\/toc\.dat is missing/],
  [
    'a file more in the dump',
    (scene) => writeFileSync(at(scene, 'dump', '9999.dat.zst'), 'x'),
    /9999\.dat\.zst is no part of the backup/,
  ],
  ['a hidden file more', (scene) => writeFileSync(at(scene, '.evil'), 'x'), /\.evil is no part of the backup/],
  [
    'a folder more with a file',
    (scene) => (mkdirSync(at(scene, 'more')), writeFileSync(at(scene, 'more', 'a'), 'x')),
    /more\/a is no part of the backup/,
  ],
  [
    'a bit of the table of contents flipped',
    (scene) => flip(at(scene, 'dump', 'toc.dat'), (size) => size - 50),
    /toc\.dat has other bytes/,
  ],
  ['the table of contents cut', (scene) => truncateSync(at(scene, 'dump', 'toc.dat'), 100), /toc\.dat has 100 bytes/],
  ['the table of contents removed', (scene) => rmSync(at(scene, 'dump', 'toc.dat')), /toc\.dat is missing/],
  [
    'the table of contents of the other backup',
    (scene) => copyFileSync(join(scene.other, 'dump', 'toc.dat'), at(scene, 'dump', 'toc.dat')),
    /toc\.dat has/,
  ],
  [
    'large objects removed',
    (scene) =>
      readdirSync(at(scene, 'dump'))
        .filter((name) => name.startsWith('blob'))
        .forEach((name) => rmSync(at(scene, 'dump', name))),
    /blob\S* is missing/,
  ],
  [
    'definitions edited',
    (scene) => edit(at(scene, 'schema.sql'), (bytes) => bytes.toString().replace('CREATE TABLE', 'create table')),
    /schema\.sql has other bytes/,
  ],
  ['definitions removed', (scene) => rmSync(at(scene, 'schema.sql')), /schema\.sql is missing/],
  [
    'globals edited',
    (scene) => edit(at(scene, 'globals.sql'), (bytes) => `${bytes.toString()}create role evil superuser;\n`),
    /globals\.sql has/,
  ],
  ['globals removed', (scene) => rmSync(at(scene, 'globals.sql')), /globals\.sql is missing/],
  [
    'the manifest edited: rows',
    (scene) => editManifest(scene, (m) => ({ ...m, fingerprint: { ...m.fingerprint, tables: [] } })),
    NOT_SIGNED,
  ],
  [
    'the manifest edited: a file left out',
    (scene) => editManifest(scene, (m) => ({ ...m, files: m.files.slice(1) })),
    NOT_SIGNED,
  ],
  [
    'the manifest edited: time',
    (scene) => editManifest(scene, (m) => ({ ...m, snapshotAt: '2030-01-01T00:00:00.000000Z' })),
    NOT_SIGNED,
  ],
  ['the manifest edited: the backup before it', (scene) => editManifest(scene, (m) => ({ ...m, previous: null })), NOT_SIGNED],
  [
    'a data file and its hash in the manifest changed together',
    (scene) => (
      flip(scene.data[0], () => 0),
      editManifest(scene, (m) => ({ ...m, files: m.files.map((file) => ({ ...file, sha256: '0'.repeat(64) })) }))
    ),
    NOT_SIGNED,
  ],
  [
    'the manifest laid out anew',
    (scene) => edit(at(scene, 'manifest.json'), (bytes) => JSON.stringify(JSON.parse(bytes.toString()))),
    NOT_SIGNED,
  ],
  ['the manifest cut', (scene) => truncateSync(at(scene, 'manifest.json'), 500), NOT_SIGNED],
  ['the manifest emptied', (scene) => truncateSync(at(scene, 'manifest.json'), 0), NOT_SIGNED],
  ['the manifest removed', (scene) => rmSync(at(scene, 'manifest.json')), /^\S+ in \S+ has no manifest\.json$/],
  [
    'the manifest of the other backup',
    (scene) => copyFileSync(join(scene.other, 'manifest.json'), at(scene, 'manifest.json')),
    NOT_SIGNED,
  ],
  [
    'manifest and seal of the other backup',
    (scene) => ['manifest.json', 'manifest.note'].forEach((name) => copyFileSync(join(scene.other, name), at(scene, name))),
    NOT_SIGNED,
  ],
  ['the seal removed', (scene) => rmSync(at(scene, 'manifest.note')), /^\S+ in \S+ has no manifest\.note$/],
  ['the seal emptied', (scene) => truncateSync(at(scene, 'manifest.note'), 0), UNTRUSTED],
  ['the seal cut', (scene) => truncateSync(at(scene, 'manifest.note'), 60), UNTRUSTED],
  [
    'the seal edited',
    (scene) => edit(at(scene, 'manifest.note'), (bytes) => bytes.toString().replace('manifest ', 'manifest 0')),
    /does not fit its text/,
  ],
  [
    'the signature edited',
    (scene) =>
      edit(at(scene, 'manifest.note'), (bytes) =>
        bytes.toString().replace(/.(?=.{10}\n$)/s, (letter) => (letter === 'A' ? 'B' : 'A')),
      ),
    UNTRUSTED,
  ],
  [
    'the signature left out',
    (scene) => edit(at(scene, 'manifest.note'), (bytes) => `${bytes.toString().split('\n\n')[0]}\n`),
    /it has no signature/,
  ],
  [
    'the seal of the other backup',
    (scene) => copyFileSync(join(scene.other, 'manifest.note'), at(scene, 'manifest.note')),
    NOT_SIGNED,
  ],
  ['signed anew by somebody else', (scene) => seal(scene, thief), /none of its signatures is of a known key/],
  [
    'a format of the future',
    (scene) => seal(scene, bench.signer, (m) => ({ ...m, format: 'dbctl-backup/2' as never })),
    /is of format "dbctl-backup\/2", which this dbctl does not read/,
  ],
  ['the backup under another name', (scene) => renameSync(scene.backup, scene.backup.replace(/\w{4}$/, 'ffff')), NOT_SIGNED],
  [
    'an old backup played back as a new one',
    (scene) => cpSync(scene.other, join(scene.folder, 'kinds-20990101T000000000Z-ffff'), { recursive: true }),
    NOT_SIGNED,
  ],
  ['the backup before it removed', (scene) => rmSync(scene.other, { recursive: true }), /^the backup before it, \S+, is gone$/],
  [
    'the backup before it made anew',
    async (scene) => seal({ ...scene, backup: scene.other }, bench.signer, (m) => ({ ...m, operator: 'somebody else' })),
    /^the backup before it, \S+, is not the one it followed$/,
  ],
];

beforeAll(async () => {
  await onServer(bench.server.url(), 'create role t_backup_reader', 'create role t_backup_owner', 'create database kinds');
  await onServer(bench.server.url('kinds'), readFileSync(new URL('kinds.sql', import.meta.url), 'utf8'));
  first = await bench.create('kinds');
  await onServer(
    bench.server.url('kinds'),
    `insert into kinds.measures select '2026-05-01'::date + n, 'a', n from generate_series(0, 60) n`,
  );
  await new Promise((later) => setTimeout(later, 1_100));
  second = await bench.create('kinds');
  await createSignerKey(join(bench.folder, 'thief.pem'), 'test-backup');
  thief = await openSigner(
    { name: 'test-backup', key: { kind: 'file', file: 'thief.pem' }, publicKeys: [] },
    { variables: {}, folder: bench.folder },
  );
}, 180_000);

async function problemsOf(repository: Repository): Promise<string[]> {
  const keys = [bench.signer.verifierKey];
  const all = await knowBackups(repository, keys);
  const problems: string[] = [];
  for (const known of all)
    problems.push(...(await backupProblems(repository, known, { all, publicKeys: keys, onBytes: () => {} })));
  return problems;
}

describe('a repository without a fault', () => {
  it('has none', async () => {
    expect(await problemsOf(bench.repository)).toEqual([]);
    expect(second.previous?.id).toBe(first.id);
  });
});

describe('a fault', () => {
  faultsOf('repository');
  it.each(FAULTS)('%s is caught', async (name, fault, said) => {
    const repository = bench.copy(`fault-${Math.random()}`);
    const backup = join(repository.folder, second.id);
    const sizes = second.files
      .filter(
        ({ path }) =>
          path.endsWith('.dat.zst') &&
          first.files.some((file) => file.path === path && file.sha256 !== second.files.find((one) => one.path === path)?.sha256),
      )
      .toSorted((a, b) => b.bytes - a.bytes);
    const other = second.files.find(({ path }) => path.endsWith('.dat.zst') && path !== sizes[0]?.path);
    const data = [join(backup, sizes[0]?.path ?? ''), join(backup, other?.path ?? '')] as const;
    await fault({ folder: repository.folder, backup, other: join(repository.folder, first.id), data });
    const problems = await problemsOf(repository);
    expect(problems.join('; '), name).not.toBe('');
    expect(problems.some((problem) => said.test(problem)) || said.test(problems.join('; ')), problems.join('; ')).toBe(true);
    // And what is restored is looked at by the same eyes, before anything is touched.
    const known = (await knowBackups(repository, [bench.signer.verifierKey])).find(({ id }) => id === second.id);
    if (
      known?.state === 'sealed' &&
      !(problems[0] ?? '').startsWith('the backup before it') &&
      !name.startsWith('an old backup')
    ) {
      await expect(requireFiles({ ...QUIET, repository, manifest: known.manifest })).rejects.toThrow(/is not what was sealed/);
    }
    rmSync(repository.folder, { recursive: true, force: true });
  });
});
