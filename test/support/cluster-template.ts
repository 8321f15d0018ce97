import { randomBytes } from 'node:crypto';
import { appendFile, chown, cp, lstat, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCluster, type ServerPrograms } from '../../src/ops/dev/cluster.ts';
import { randomPassword } from '../../src/ops/dev/secret-file.ts';
import type { ServerSettings } from '../../src/ops/dev/settings.ts';

/** Names the folder of the template for the processes of a run; not set outside one. */
const VARIABLE = 'DBCTL_TEST_CLUSTER';

/**
 * Makes a data folder that servers of this run begin as: copying it takes a tenth of initdb's time, and a run needs some hundred.
 * `folder` is one the server's account may enter; all of the template is in it.
 */
export async function makeClusterTemplate(folder: string, programs: ServerPrograms): Promise<void> {
  const password = randomPassword();
  const [data, making] = [join(folder, 'data'), join(folder, 'making-')];
  await createCluster(programs, { data, making, password, settings: { timezone: 'UTC', log_timezone: 'UTC' } });
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
  process.env[VARIABLE] = folder;
}

/** A copy with a system identifier of its own; the superuser's password, or undefined where this run has no template. */
export async function copyClusterTemplate(
  data: string,
  { account }: ServerPrograms,
  settings: ServerSettings,
): Promise<string | undefined> {
  const folder = process.env[VARIABLE];
  if (folder === undefined) return undefined;
  await cp(join(folder, 'data'), data, { recursive: true });
  await becomeAnotherCluster(data);
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(data, 'postgresql.conf'), lines.join(''));
  if (account !== undefined) await giveAll(data, account);
  return readFile(join(folder, 'password'), 'utf8');
}

/**
 * The system identifier stands at the beginning of pg_control, over which a CRC is kept, and after the 24 bytes of the first page header of each
 * file of the log (XLogLongPageHeaderData). As xlog.c makes it: seconds in the upper half.
 */
async function becomeAnotherCluster(data: string): Promise<void> {
  const identifier = Buffer.alloc(8);
  identifier.writeUInt32LE(Math.floor(Date.now() / 1000), 4);
  randomBytes(4).copy(identifier);
  const file = join(data, 'global', 'pg_control');
  const control = await readFile(file);
  const end = crcPlace(control);
  identifier.copy(control);
  control.writeUInt32LE(crc32c(control.subarray(0, end)), end);
  await writeFile(file, control);
  for (const name of await readdir(join(data, 'pg_wal'))) {
    if (!/^[0-9A-F]{24}$/.test(name)) continue;
    const segment = await open(join(data, 'pg_wal', name), 'r+');
    await segment.write(identifier, 0, 8, 24);
    await segment.close();
  }
}

/** Where the CRC of pg_control stands differs from major to major: after the bytes it is of. */
function crcPlace(control: Buffer): number {
  for (let at = 200; at < 500; at += 4)
    if (control.readUInt32LE(at) !== 0 && crc32c(control.subarray(0, at)) === control.readUInt32LE(at)) return at;
  throw new Error('pg_control has no CRC where one is looked for');
}

/** Castagnoli, reflected: 0x82f63b78. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

async function giveAll(path: string, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
  await chown(path, owner.uid, owner.gid);
  if (!(await lstat(path)).isDirectory()) return;
  await Promise.all((await readdir(path)).map((name) => giveAll(join(path, name), owner)));
}
