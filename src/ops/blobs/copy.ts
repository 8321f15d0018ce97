import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Repository } from '../backup/repository.ts';
import { encryptStream } from '../codec/encrypt.ts';
import { storageError } from '../storage/folder.ts';
import { coldKey, coldName } from './cold-name.ts';
import { HotTrouble, openHot, type HotBlob } from './hot.ts';
import type { Keyring } from './keyring.ts';
import { isSame, Measured, type Proof } from './proof.ts';

/** A copy in cold storage, as it was written. */
export interface WrittenCopy {
  readonly key: string;
  /** What lies there, encrypted or not. */
  readonly stored: Proof;
  /** Of the data key; null: it is not encrypted. */
  readonly commitment: string | null;
}

/** What keeps a blob from being copied: there is none, or another one than was proved. */
export type NotProved = { readonly kind: 'missing' } | { readonly kind: 'changed'; readonly found: Proof };

export const isWritten = (one: WrittenCopy | NotProved): one is WrittenCopy => 'stored' in one;

export interface CopyOptions {
  readonly destination: Repository;
  readonly keyring: Keyring;
  /** Folder of this machine for what is on its way. */
  readonly spool: string;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Copies a blob into cold storage, and nothing else than what was proved: it is hashed on its way into a file of this machine, encrypted where
 * the destination says so, and goes on from there. Needs room for it once; memory does not grow with it. Fails with HotTrouble where the blob cannot
 * be read, with storage.failed where this machine or cold storage does not take it.
 */
export async function copyBlob(blob: HotBlob, proof: Proof, options: CopyOptions): Promise<WrittenCopy | NotProved> {
  const { destination, keyring, spool, signal } = options;
  const coding = await keyring.own();
  const pieces = await openHot(blob);
  if (pieces === null) return { kind: 'missing' };
  const commitment = coding?.encryption.keyCommitment ?? null;
  const key = coldKey(proof.sha256, commitment);
  const path = join(spool, randomBytes(8).toString('hex'));
  try {
    const [plain, stored] = [new Measured(), new Measured()];
    const encrypting =
      coding === null
        ? []
        : [encryptStream(coding.dataKey, coldName(key)), (sealed: AsyncIterable<Buffer>) => stored.through(sealed)];
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline([upTo(plain.through(pieces), proof.bytes, options), ...encrypting, file] as never, { signal }).catch(
      (thrown: unknown) => {
        throw thrown instanceof HotTrouble ? thrown : storageError(path, thrown);
      },
    );
    const found = plain.result();
    if (!isSame(found, proof)) return { kind: 'changed', found };
    await destination.storage.write(key, { path }, { signal, onBytes: () => {} });
    return { key, stored: coding === null ? found : stored.result(), commitment };
  } finally {
    await rm(path, { force: true });
  }
}

/** Ends where it is more than was proved: another file must not fill the disk. */
async function* upTo(pieces: AsyncIterable<Buffer>, most: number, { onBytes }: CopyOptions): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    onBytes(piece.length);
    yield piece;
    if (bytes > most) return;
  }
}
