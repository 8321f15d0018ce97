import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planRepository, pruneRepository } from '../../../src/ops/backup/prune-repository.ts';
import { removeBackups } from '../../../src/ops/backup/remove.ts';
import { backupIds, folderRepository, readManifestTexts } from '../../../src/ops/backup/repository.ts';
import { sendBackup } from '../../../src/ops/backup/send.ts';
import { knowBackups } from '../../../src/ops/backup/verify.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { labStorage } from '../storage/support.ts';
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

describe('a removal from a bucket that was not finished', () => {
  it('is finished by the next prune: what has a note and no manifest is no backup, and nobody else would clear it away', async () => {
    const server = await startS3Server();
    try {
      const { repository, signer, made } = await repositoryOf(nights('2026-11-01', 3));
      const bucket = { ...repository, name: 'bucket', storage: labStorage(server), work: join(root, 'work') };
      for (const { id, files } of made) {
        const texts = await readManifestTexts(repository, id);
        await sendBackup({ id, folder: join(repository.folder, id), files, ...texts }, bucket, {
          ...quiet,
          onBytes: () => undefined,
        });
      }
      const before = (await bucket.storage.list(`${made[0]?.id}/`)).length;
      const prune = async () => {
        const plan = await planRepository(
          bucket,
          [signer.verifierKey],
          { last: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 },
          new Date(),
        );
        const outcome = await pruneRepository(plan, () => Promise.resolve(signer), { ...quiet, now: new Date() });
        return { removed: plan.decisions.filter(({ act }) => act === 'remove'), ...outcome };
      };
      let deletions = 0;
      server.fault = ({ method }) =>
        method === 'POST' && (deletions += 1) > 1 ? { kind: 'status', status: 403, code: 'AccessDenied' } : undefined;
      expect((await prune()).problem).toContain('AccessDenied');
      server.fault = () => undefined;
      expect(await backupIds(bucket)).toHaveLength(2);
      const left = (await bucket.storage.list(`${made[0]?.id}/`)).length;
      expect([before, left]).toEqual([3, 1]);
      expect(await prune()).toMatchObject({
        problem: null,
        removed: [{ id: made[0]?.id, why: 'its removal was not finished' }],
        backups: new Set([made[0]?.id]),
      });
      expect(await bucket.storage.list(`${made[0]?.id}/`)).toEqual([]);
      expect((await prune()).removed).toEqual([]);
    } finally {
      await server.stop();
    }
  });
});

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
