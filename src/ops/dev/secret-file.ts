import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** 24 random bytes in the alphabet of URLs: no character of it needs an escape in a URL, a .pgpass file, SQL or a shell. */
export function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** Writes a file only its owner can read (0600), whole or not at all, on disk before it is seen under its name. */
export async function writeSecretly(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw thrown;
  }
}
