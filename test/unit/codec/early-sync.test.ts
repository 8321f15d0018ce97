import { mkdtempSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { EarlySync } from '../../../src/ops/codec/early-sync.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-early-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MB = 1 << 20;

/** Counts the syncs of a real file, and can hold one back. */
function counted(handle: FileHandle): { readonly handle: FileHandle; syncs: number; hold: Promise<void> } {
  const seen = { handle, syncs: 0, hold: Promise.resolve() };
  const datasync = handle.datasync.bind(handle);
  handle.datasync = async () => {
    seen.syncs += 1;
    await seen.hold;
    return datasync();
  };
  return seen;
}

it('syncs after every 64 MB, one at a time, and has none running at its end', async () => {
  const handle = await open(join(folder, 'file'), 'w');
  const seen = counted(handle);
  const sync = new EarlySync(handle);
  sync.written(63 * MB);
  expect(seen.syncs).toBe(0);
  let release = (): void => {};
  seen.hold = new Promise((resolve) => (release = resolve));
  sync.written(MB);
  expect(seen.syncs).toBe(1);
  sync.written(640 * MB);
  expect(seen.syncs).toBe(1);
  let ended = false;
  const end = sync.end().then(() => (ended = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(ended).toBe(false);
  release();
  await end;
  sync.written(0);
  expect(seen.syncs).toBe(2);
  await sync.end();
  await handle.close();
});

it('fails with what a sync failed with, at the next bytes and at the end: the system tells of it once', async () => {
  const handle = await open(join(folder, 'gone'), 'w');
  const sync = new EarlySync(handle);
  await handle.close();
  sync.written(64 * MB);
  await expect(sync.end()).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => sync.written(1)).toThrow(/EBADF|closed/);
  await expect(sync.end()).rejects.toMatchObject({ code: 'EBADF' });
});
