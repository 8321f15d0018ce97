import type { Transform, Duplex } from 'node:stream';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { chooseCompression, compressionOf, ENDING, requireZstd, type Compression, type Zstd } from './compression.ts';
import type { Codec } from './codec.ts';
import { keyCommitment, newDataKey } from './data-key.ts';
import { decryptStream } from './decrypt.ts';
import { encryptStream } from './encrypt.ts';
import { findZstd } from './find-zstd.ts';
import { zstdCompress, zstdDecompress } from './node-zstd.ts';
import { programStream } from './program-stream.ts';
import { wrapKey } from './recipients.ts';
import { wholeZstdFrame } from './zstd-frame.ts';

/** What a manifest says of the encryption of its backup. */
export interface Encryption {
  readonly format: 'dbctl frames v1';
  /** Which data key, without giving it away. */
  readonly keyCommitment: string;
  /** Who could open `key.age` when the backup was made. A rewrap does not change the manifest, so it may be others now. */
  readonly recipients: readonly string[];
}

/** How the files of one backup are written. */
export interface Coding {
  readonly compression: Compression;
  readonly zstd: Zstd;
  /** Null: nothing is encrypted. */
  readonly key: CodingKey | null;
}

export interface CodingKey {
  readonly dataKey: Buffer;
  /** The content of `key.age`. */
  readonly wrapped: string;
  readonly encryption: Encryption;
}

/** Level 1 is a few percent larger than 3 and takes half the time: the disk is the limit, not the processor. */
const LEVEL = 1;

/** The ending of what is encrypted. */
export const SEALED = '.enc';

/** A coding for a new backup, with a data key of its own. Fails with refused where zstd is asked for and cannot be had, with config.invalid on a bad recipient. */
export async function newCoding({ archives, recipients }: Codec): Promise<Coding> {
  const zstd = await findZstd();
  return { compression: chooseCompression(archives, zstd), zstd, key: recipients.length === 0 ? null : await newKey(recipients) };
}

/** Files stay as they come. */
export const isPlain = ({ compression, key }: Coding): boolean => compression === 'none' && key === null;

async function newKey(recipients: readonly string[]): Promise<CodingKey> {
  const dataKey = newDataKey();
  const encryption = { format: 'dbctl frames v1', keyCommitment: keyCommitment(dataKey), recipients } as const;
  return { dataKey, wrapped: await wrapKey(dataKey, recipients), encryption };
}

/** What a server says of its files: names, sizes and checksums. An incremental backup needs it where no identity is. */
const IN_CLEAR = 'backup_manifest';

/** Archives of tar; what comes from pg_dump is compressed already, whatever its name says. */
const isCompressed = (path: string): boolean => path.endsWith('.tar');

/** Under which path a file of a backup is stored. */
export function storedPath(path: string, { compression, key }: Coding): string {
  const compressed = isCompressed(path) ? `${path}${ENDING[compression]}` : path;
  return key === null || path.split('/').at(-1) === IN_CLEAR ? compressed : `${compressed}${SEALED}`;
}

/** The path of a stored file once it is decrypted. */
export const openedPath = (stored: string): string => (isSealed(stored) ? stored.slice(0, -SEALED.length) : stored);

/** The path of a stored file once it is decrypted and unpacked. */
export function plainPath(stored: string): string {
  const opened = openedPath(stored);
  return opened.slice(0, opened.length - ENDING[compressionOf(opened)].length);
}

export const isSealed = (stored: string): boolean => stored.endsWith(SEALED);

/** What a file of a backup goes through on its way to its {@link storedPath}. */
export function encoders(path: string, coding: Coding): Duplex[] {
  const { compression, zstd, key } = coding;
  const stored = storedPath(path, coding);
  const compressing = isCompressed(path) ? compressor(compression, zstd) : [];
  if (!isSealed(stored)) return compressing;
  if (key === null) throw new Error(`there is no key for ${stored}`);
  return [...compressing, encryptStream(key.dataKey, stored)];
}

export const decrypter = (stored: string, dataKey: Buffer | null): Transform[] => {
  if (!isSealed(stored)) return [];
  if (dataKey === null) throw new Error(`there is no key for ${stored}`);
  return [decryptStream(dataKey, stored)];
};

export function compressor(compression: Compression, zstd: Zstd): Duplex[] {
  switch (compression) {
    case 'none':
      return [];
    case 'gzip':
      return [createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 1 << 18 })];
    case 'zstd': {
      const who = requireZstd(zstd, 'zstd cannot be written');
      if (who.kind === 'node') return [zstdCompress(LEVEL)];
      return [programStream(who.path, ['--compress', `-${LEVEL}`, '--check', '--stdout', '--quiet', '-'])];
    }
  }
}

/** What unpacks a file of that name. Fails with refused where it is zstd, and nobody here reads that. */
export function decompressor(name: string, zstd: Zstd): Duplex[] {
  switch (compressionOf(name)) {
    case 'none':
      return [];
    case 'gzip':
      return [createGunzip({ chunkSize: 1 << 18 })];
    case 'zstd': {
      const who = requireZstd(zstd, `${name} cannot be read`);
      if (who.kind === 'node') return [wholeZstdFrame(), zstdDecompress()];
      return [wholeZstdFrame(), programStream(who.path, ['--decompress', '--stdout', '--quiet', '-'])];
    }
  }
}
