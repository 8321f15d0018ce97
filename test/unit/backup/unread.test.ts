import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { chooseParent } from '../../../src/ops/backup/chain.ts';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import { planRepository } from '../../../src/ops/backup/prune-repository.ts';
import { backupIds, folderRepository, type Repository } from '../../../src/ops/backup/repository.ts';
import { planSync } from '../../../src/ops/backup/sync.ts';
import { knowBackups, type KnownBackup } from '../../../src/ops/backup/verify.ts';
import { drawBackup } from '../../../src/ops/drill/choose.ts';
import { planFromNewest } from '../../../src/ops/restore/choose.ts';
import { newSigner, nights, sealBackups, type Wanted } from '../../support/sealed-backups.ts';

/** A storage that does not give one file: what it says is no verdict on the backup. */
const root = mkdtempSync(join(tmpdir(), 'dbctl-unread-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const SYSTEM = '7000000000000000001';
const RULE = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

interface Bench {
  readonly made: readonly Manifest[];
  readonly keys: readonly string[];
  readonly whole: Repository;
  /** The same, which fails to give the manifest of the backup of this number. */
  readonly without: (number: number, fault?: () => Promise<Readable>) => Repository;
}

const denied = (): Promise<Readable> => Promise.reject(new DbctlError('storage.failed', 's3://lab: AccessDenied', {}));

async function bench(wanted: readonly Wanted[]): Promise<Bench> {
  const folder = join(root, String((count += 1)));
  mkdirSync(folder);
  const signer = await newSigner(folder);
  const whole = folderRepository('here', join(folder, 'here'));
  const made = await sealBackups(whole.folder, signer, wanted);
  const without = (number: number, fault = denied): Repository => {
    const { storage } = whole;
    const read: typeof storage.read = (key) => (key === `${made[number]?.id}/manifest.json` ? fault() : storage.read(key));
    return { ...whole, storage: { ...storage, read } };
  };
  return { made, keys: [signer.verifierKey], whole, without };
}
const servers = (count: number): Wanted[] =>
  nights('2026-11-01', count).map((one, index) => ({ ...one, since: index === 0 ? 'nothing' : index - 1 }));
const failure = (act: () => unknown) =>
  Promise.resolve()
    .then(act)
    .then(
      () => expect.unreachable('it did not fail'),
      (thrown: DbctlError) => [thrown.code, thrown.message],
    );

describe('a backup whose manifest the storage does not give', () => {
  it.each<[string, () => Promise<Readable>, string]>([
    ['permission', denied, 's3://lab: AccessDenied'],
    [
      'a time-out',
      () => Promise.reject(new DbctlError('storage.failed', 's3://lab: no byte came for 60 s', {})),
      's3://lab: no byte came for 60 s',
    ],
    [
      'a disk that fails in the middle',
      () =>
        Promise.resolve(
          new Readable({
            read() {
              this.destroy(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }));
            },
          }),
        ),
      'the disk fails (EIO)',
    ],
  ])('is not known, and the others are: %s', async (_name, fault, words) => {
    const { made, keys, without } = await bench(nights('2026-11-01', 3));
    const known = await knowBackups(without(1, fault), keys);
    expect(known.map(({ state }) => state)).toEqual(['sealed', 'unread', 'sealed']);
    expect(known[1]).toMatchObject({ id: made[1]?.id, problem: expect.stringContaining(words) as string });
    expect(known[1]).toMatchObject({ problem: expect.stringMatching(/^not known, it could not be read: /) as string });
  });

  it('is still broken where it is the backup that is wrong', async () => {
    const { whole, made, keys } = await bench(nights('2026-11-01', 2));
    rmSync(join(root, String(count), 'here', made[0]?.id ?? '', 'manifest.json'));
    expect(await knowBackups(whole, keys)).toMatchObject([
      { state: 'broken', problem: expect.stringContaining('has no manifest.json') as string },
      { state: 'sealed' },
    ]);
  });

  it('removes nothing and keeps nothing by rule: prune fails, in the words of the storage', async () => {
    const { made, keys, whole, without } = await bench(servers(3));
    const act = () => planRepository(without(2), keys, RULE, new Date());
    expect(await failure(act)).toEqual([
      'storage.failed',
      `${made[2]?.id} is not known, it could not be read: s3://lab: AccessDenied; nothing was removed from here`,
    ]);
    // Else what it was made on would have gone, or stayed for no reason.
    expect(await backupIds(whole)).toHaveLength(3);
    expect((await planRepository(whole, keys, RULE, new Date())).going).toEqual([]);
  });

  it('is not drawn around', async () => {
    const { keys, without } = await bench(nights('2026-11-01', 3));
    const known = await knowBackups(without(0), keys);
    const draw = () => drawBackup(known, { text: null, ms: null, now: new Date() }, 'seed');
    expect(await failure(draw)).toEqual(['storage.failed', expect.stringMatching(/AccessDenied; nothing was drawn$/)]);
  });

  it('is nothing an incremental backup follows; an older one that can be read will do, and where there is none the storage is named', async () => {
    const { made, keys, without } = await bench(servers(3));
    const wish = { systemIdentifier: SYSTEM, id: null };
    expect(chooseParent(await knowBackups(without(2), keys), wish).id).toBe(made[1]?.id);
    const rootless = await knowBackups(without(0), keys);
    expect(await failure(() => chooseParent(rootless, wish))).toEqual([
      'storage.failed',
      expect.stringContaining('no other one can be built on'),
    ]);
    expect(await failure(() => chooseParent(rootless, { ...wish, id: made[2]?.id ?? '' }))).toEqual([
      'storage.failed',
      expect.stringContaining(`needs ${made[0]?.id}, which is not known, it could not be read`),
    ]);
  });

  it('is no reason to say that nothing leads to a point', async () => {
    const { keys, without } = await bench(servers(1));
    const repository = without(0);
    const plan = async () => planFromNewest(repository, await knowBackups(repository, keys), { kind: 'latest' });
    expect(await failure(plan)).toEqual(['storage.failed', expect.stringContaining('no other one leads to that point')]);
  });

  it('is neither sent from there nor sent there again', () => {
    const unread: KnownBackup = { id: 'b1', state: 'unread', problem: 'not known' };
    const manifest = {
      id: 'b1',
      snapshotAt: '2026-11-01T03:00:00.000Z',
      environment: 'dev',
      source: { database: 'lab' },
    } as Manifest;
    const one = { name: 'a', receives: true, known: [unread], pruned: new Set<string>() };
    expect(planSync([one, { ...one, name: 'b', known: [] }], RULE)).toEqual([]);
    expect(planSync([one, { ...one, name: 'b', known: [{ id: 'b1', state: 'sealed', manifest }] }], RULE)).toEqual([]);
  });
});
