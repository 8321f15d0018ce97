import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { sendBackup } from '../../../src/ops/backup/send.ts';
import { folderRepository, readBeside, readManifestTexts } from '../../../src/ops/backup/repository.ts';
import { backupProblems, knowBackups } from '../../../src/ops/backup/verify.ts';
import { readHolds } from '../../../src/ops/backup/holds.ts';
import { folderStorage } from '../../../src/ops/storage/folder.ts';
import { nights, newSigner, sealBackups } from '../../support/sealed-backups.ts';

const root = mkdtempSync(join(tmpdir(), 'dbctl-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A process that stores a file under a key of the folder and is killed while it does. */
async function killedWhileWriting(folder: string, key: string): Promise<void> {
  const from = join(root, 'content');
  writeFileSync(from, Buffer.alloc(4_000_000));
  const script = `
    import { folderStorage } from ${JSON.stringify(new URL('../../../src/ops/storage/folder.ts', import.meta.url).href)};
    import { setTimeout as sleep } from 'node:timers/promises';
    const pace = () => sleep(50);
    const transfer = { signal: new AbortController().signal, onBytes: () => {}, pace };
    await folderStorage(${JSON.stringify(folder)}).write(${JSON.stringify(key)}, { path: ${JSON.stringify(from)} }, transfer);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: 'inherit' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const begun = () => filesBelow(folder).some((name) => /\.(tmp|partial)$/.test(name));
  for (let tries = 0; !begun() && tries < 400; tries += 1) await sleep(25);
  expect(begun()).toBe(true);
  child.kill('SIGKILL');
  await ended;
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [] : [one.name]));
  } catch {
    return [];
  }
}

describe('what a run left that was killed while it wrote', () => {
  it('is no file of the storage, and goes with the next removal beside it when it is a day old', async () => {
    const folder = join(root, 'left');
    await killedWhileWriting(folder, 'a/b');
    const storage = folderStorage(folder, () => new Date());
    expect([await storage.list(''), await storage.names('a/')]).toEqual([[], []]);
    await storage.write('a/c', Buffer.from('c'));
    await storage.remove(['a/c']);
    expect(filesBelow(folder)).toHaveLength(1);
    await folderStorage(folder, () => new Date(Date.now() + 25 * 3_600_000)).remove(['a/c']);
    expect(filesBelow(folder)).toEqual([]);
  });

  it('gets into no backup that is sent on', async () => {
    const here = join(root, 'sent');
    mkdirSync(here);
    const signer = await newSigner(here);
    const [from, to] = [folderRepository('from', join(here, 'from')), folderRepository('to', join(here, 'to'))];
    const [manifest] = await sealBackups(from.folder, signer, nights('2026-11-21', 1));
    const { id, files } = manifest ?? expect.unreachable();
    await killedWhileWriting(to.folder, `.sending-${id}/rows.txt`);
    const [texts, beside] = await Promise.all([readManifestTexts(from, id), readBeside(from, id)]);
    const transfer = { signal: new AbortController().signal, onBytes: () => undefined };
    expect(await sendBackup({ id, folder: join(from.folder, id), files, ...texts, beside }, to, transfer)).toBe('sent');
    const publicKeys = [signer.verifierKey];
    const all = await knowBackups(to, publicKeys);
    expect(all).toMatchObject([{ id, state: 'sealed' }]);
    for (const one of all) expect(await backupProblems(to, one, { all, publicKeys, onBytes: () => undefined })).toEqual([]);
    expect(readdirSync(join(to.folder, id)).toSorted()).toEqual(['manifest.json', 'manifest.note', 'rows.txt']);
  });
});

describe('what is no plain file', () => {
  it.each<[string, (path: string) => void, string]>([
    ['a pipe', (path) => void execFileSync('mkfifo', [path]), 'it is not a plain file'],
    ['a folder', (path) => mkdirSync(path), 'it is not a plain file'],
    ['a link', (path) => symlinkSync('/etc/passwd', path), 'it is a link, and none is followed here'],
  ])('is not read: %s', { timeout: 5_000 }, async (name, make, words) => {
    const folder = join(root, 'odd');
    mkdirSync(folder, { recursive: true });
    make(join(folder, name));
    await expect(folderStorage(folder).read(name)).rejects.toMatchObject({
      code: 'backup.failed',
      message: `${join(folder, name)}: ${words}`,
    });
  });

  it('makes one backup broken where its manifest should be, and holds the others up no longer', { timeout: 10_000 }, async () => {
    const here = join(root, 'pipes');
    mkdirSync(here);
    const signer = await newSigner(here);
    const repository = folderRepository('here', join(here, 'here'));
    const [first, second] = await sealBackups(repository.folder, signer, nights('2026-11-20', 2));
    const manifest = join(repository.folder, first?.id ?? '', 'manifest.json');
    rmSync(manifest);
    execFileSync('mkfifo', [manifest]);
    expect(await knowBackups(repository, [signer.verifierKey])).toMatchObject([
      { id: first?.id, state: 'broken', problem: `${manifest}: it is not a plain file` },
      { id: second?.id, state: 'sealed' },
    ]);
  });

  it('tells nothing of a file that only the caller may read', async () => {
    const repository = folderRepository('held', join(root, 'held'));
    mkdirSync(join(repository.folder, '.holds'), { recursive: true });
    symlinkSync('/etc/passwd', join(repository.folder, '.holds', 'lab-20261121T030000000Z-0000'));
    await expect(readHolds(repository)).rejects.toThrow('it is a link, and none is followed here');
  });
});
