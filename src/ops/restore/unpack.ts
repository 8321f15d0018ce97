import { createReadStream, createWriteStream } from 'node:fs';
import { chown, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { fail } from '../../core/errors.ts';
import type { ServerAccount } from '../process/account.ts';

/**
 * Unpacks an archive of a base backup into a folder, for the account the server will run as. Only folders, plain files and the links of
 * tablespaces come out of it, and nothing outside the folder. Fails with backup.failed on anything else.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  account: ServerAccount | undefined,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const own = async (path: string) => {
    if (account !== undefined) await chown(path, account.uid, account.gid);
  };
  const entries = extract();
  const reading = pipeline(createReadStream(archive, { highWaterMark: 1 << 20 }), entries);
  const writing = (async () => {
    for await (const entry of entries) {
      const { name, type } = entry.header;
      const path = inside(folder, name);
      if (type === 'directory') {
        await mkdir(path, { recursive: true, mode: 0o700 });
        await own(path);
        entry.resume();
      } else if (type === 'file') {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        onBytes(entry.header.size ?? 0);
        await pipeline(entry, createWriteStream(path, { mode: 0o600 }));
        await own(path);
      } else if (type === 'symlink' && name.startsWith('pg_tblspc/')) {
        // Where tablespaces were on the other server says nothing of this one: they are put beside the data folder.
        await symlink(join(folder, '..', 'tablespaces', name.slice('pg_tblspc/'.length)), path);
        entry.resume();
      } else {
        fail('backup.failed', `${archive} holds a ${type} called ${JSON.stringify(name)}`, {
          hint: 'Take another backup, and find out who changed this one.',
        });
      }
    }
  })();
  await Promise.all([reading, writing]);
}

/** The path of an entry. Fails with backup.failed on one that leads out of the folder. */
function inside(folder: string, name: string): string {
  const path = normalize(join(folder, name));
  if (path === normalize(folder) || path.startsWith(normalize(folder) + sep)) return path.replace(/\/$/, '');
  return fail('backup.failed', `the archive leads out of its folder: ${JSON.stringify(name)}`, {
    hint: 'Take another backup, and find out who changed this one.',
  });
}
