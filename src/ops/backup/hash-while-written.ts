import { createHash, type Hash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EarlySync } from '../codec/early-sync.ts';
import type { BackupFile } from './manifest.ts';

/** How often a file is looked at for new bytes: they are still in memory then. */
const LOOK_MS = 50;

const BLOCK = 1 << 20;

/**
 * Hashes the files of a folder while another program writes them, and returns them when `write` is done. Archives (`.tar`) are followed, since
 * they are only ever added to; other files are small and are read at the end. Fails with what `write` throws, and with what the system says.
 */
export async function hashWhileWritten(
  { folder, onBytes }: { readonly folder: string; readonly onBytes: (bytes: number) => void },
  write: () => Promise<void>,
): Promise<BackupFile[]> {
  const files = new FollowedFiles(folder, onBytes);
  const written = new AbortController();
  const following = (async () => {
    while (!written.signal.aborted) {
      await files.read((name) => name.endsWith('.tar'));
      await sleep(LOOK_MS, undefined, { signal: written.signal }).catch(() => {});
    }
  })();
  // Told when the program has ended: it must not go on writing into a folder that is being removed.
  following.catch(() => {});
  try {
    await write().finally(() => written.abort());
    await following;
    await files.read(() => true);
    await files.synced();
    return files.hashed();
  } finally {
    await following.catch(() => {});
    await files.close();
  }
}

interface FollowedFile {
  readonly handle: FileHandle;
  readonly hash: Hash;
  readonly sync: EarlySync;
  bytes: number;
}

class FollowedFiles {
  readonly #folder: string;
  readonly #onBytes: (bytes: number) => void;
  readonly #files = new Map<string, FollowedFile>();
  readonly #block = Buffer.allocUnsafeSlow(BLOCK);

  constructor(folder: string, onBytes: (bytes: number) => void) {
    [this.#folder, this.#onBytes] = [folder, onBytes];
  }

  /** Hashes what has come since the last time. */
  async read(which: (name: string) => boolean): Promise<void> {
    for (const name of (await readdir(this.#folder)).filter(which)) await this.#readOn(await this.#open(name));
  }

  /** Fails where the disk did not take what the system had taken: a sync after that would not hear of it. */
  async synced(): Promise<void> {
    for (const { sync } of this.#files.values()) await sync.end();
  }

  hashed(): BackupFile[] {
    return [...this.#files].map(([path, { bytes, hash }]) => ({ path, bytes, sha256: hash.digest('hex') }));
  }

  async close(): Promise<void> {
    for (const { handle, sync } of this.#files.values()) {
      await sync.end().catch(() => {});
      await handle.close();
    }
  }

  async #open(name: string): Promise<FollowedFile> {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const handle = await open(join(this.#folder, name), 'r');
    const opened = { handle, hash: createHash('sha256'), sync: new EarlySync(handle), bytes: 0 };
    this.#files.set(name, opened);
    return opened;
  }

  async #readOn(file: FollowedFile): Promise<void> {
    for (;;) {
      const { bytesRead } = await file.handle.read(this.#block, 0, BLOCK, file.bytes);
      if (bytesRead === 0) return;
      file.hash.update(this.#block.subarray(0, bytesRead));
      file.bytes += bytesRead;
      file.sync.written(bytesRead);
      this.#onBytes(bytesRead);
    }
  }
}
