import { open } from 'node:fs/promises';

/** Writes a new file; its bytes are on the disk when this returns, its name when the folder is synced. */
export async function writeDurably(path: string, bytes: Buffer | string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What a folder or a file holds is on the disk when this returns: fsync asks for a handle, not for the right to write. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
