import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { removeBackups } from '../../../src/ops/backup/remove.ts';
import { backupIds, folderRepository } from '../../../src/ops/backup/repository.ts';
import { knowBackups } from '../../../src/ops/backup/verify.ts';
import { nights, newSigner, sealBackups, type Wanted } from '../../support/sealed-backups.ts';

/** Removal from a folder, by backups that were sealed and hold one line each. */
const root = mkdtempSync(join(tmpdir(), 'dbctl-remove-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const quiet = { signal: new AbortController().signal, onRemoved: () => undefined };
let count = 0;

async function repositoryOf(wanted: readonly Wanted[]) {
  const folder = join(root, String((count += 1)));
  mkdirSync(folder);
  const signer = await newSigner(folder);
  const repository = folderRepository('here', join(folder, 'here'));
  return { repository, signer, made: await sealBackups(repository.folder, signer, wanted) };
}

describe('backups that are removed', () => {
  it('go one by one, and each manifest is read once: not all of them before each', async () => {
    const { repository, signer, made } = await repositoryOf(nights('2026-01-01', 200));
    let reads = 0;
    const read: typeof repository.storage.read = (key) => {
      if (key.endsWith('/manifest.json')) reads += 1;
      return repository.storage.read(key);
    };
    await removeBackups({ ...repository, storage: { ...repository.storage, read } }, made.slice(0, 150), signer, quiet);
    expect(await backupIds(repository)).toEqual(made.slice(150).map(({ id }) => id));
    expect(reads).toBe(200);
    expect((await knowBackups(repository, [signer.verifierKey])).map(({ state }) => state)).toEqual(Array(50).fill('sealed'));
  });

  it('go before what they were made on, also where the clock went back in between', async () => {
    const { repository, signer, made } = await repositoryOf([
      { at: new Date('2026-11-22T03:00:00Z'), since: 'nothing' },
      { at: new Date('2026-11-21T03:00:00Z'), since: 0 },
      { at: new Date('2026-11-21T09:00:00Z'), since: 1 },
    ]);
    await removeBackups(repository, made, signer, quiet);
    expect(await backupIds(repository)).toEqual([]);
  });

  it('stay when one that stays was made on them since', async () => {
    const { repository, signer, made } = await repositoryOf([
      { at: new Date('2026-11-20T03:00:00Z'), since: 'nothing' },
      { at: new Date('2026-11-21T03:00:00Z'), since: 0 },
    ]);
    await expect(removeBackups(repository, made.slice(0, 1), signer, quiet)).rejects.toMatchObject({
      code: 'refused',
      message: `${made[0]?.id} is needed by ${made[1]?.id}, which was made on it`,
    });
    expect(await backupIds(repository)).toHaveLength(2);
  });

  it('stay when somebody put them under hold while the question was being answered', async () => {
    const { repository, signer, made } = await repositoryOf(nights('2026-11-01', 3));
    mkdirSync(join(repository.folder, '.holds'));
    writeFileSync(join(repository.folder, '.holds', made[1]?.id ?? ''), 'case 4711\n');
    await expect(removeBackups(repository, made, signer, quiet)).rejects.toMatchObject({
      code: 'refused',
      message: `${made[1]?.id} was put under hold meanwhile: case 4711`,
    });
    expect(await backupIds(repository)).toEqual([made[0]?.id, made[1]?.id]);
  });
});
