import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DbctlError } from '../../core/errors.ts';
import type { Repository } from '../backup/repository.ts';
import { decryptStream } from '../codec/decrypt.ts';
import { storageError } from '../storage/folder.ts';
import { coldKey, coldName } from './cold-name.ts';
import type { BlobCopy } from './events.ts';
import type { Keyring } from './keyring.ts';
import { difference, isSame, Measured, type Proof } from './proof.ts';

/**
 * How a copy was found. whole: it is what was proved; `content`: the blob itself was hashed, `stored`: what lies there is what was written, since
 * no identity opens it here.
 */
export type ColdLook =
  | { readonly state: 'whole'; readonly depth: 'content' | 'stored' }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly problem: string };

export interface ReadBackOptions {
  readonly destination: Repository;
  readonly keyring: Keyring;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Is given the blob while it is read; not called where no identity opens it. What it has seen counts only when all was found whole. */
  readonly use?: (pieces: AsyncIterable<Buffer>) => Promise<void>;
}

/** Reads a copy where it lies and compares it with its proof. Fails with storage.failed where the place does not answer. */
export async function readBack(copy: BlobCopy, options: ReadBackOptions): Promise<ColdLook> {
  const { destination, keyring } = options;
  let dataKey: Buffer | null | 'none' = null;
  try {
    if (copy.commitment !== null) dataKey = (await keyring.open(copy.commitment)) ?? 'none';
    const stream = await destination.storage.read(coldKey(copy.sha256, copy.commitment));
    return stream === null ? { state: 'missing' } : await compare(stream, copy, dataKey, options);
  } catch (thrown) {
    const found = storageError(copy.uri, thrown);
    if (found instanceof DbctlError && ['archive.failed', 'backup.failed', 'refused'].includes(found.code))
      return { state: 'damaged', problem: found.message };
    throw found;
  }
}

async function compare(
  stream: Readable,
  copy: BlobCopy,
  dataKey: Buffer | null | 'none',
  { onBytes, signal, use = drained }: ReadBackOptions,
): Promise<ColdLook> {
  const [stored, plain] = [new Measured(), new Measured()];
  const counted = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of stored.through(pieces)) {
      onBytes(piece.length);
      yield piece;
    }
  };
  const name = coldName(coldKey(copy.sha256, copy.commitment));
  const decrypting: Duplex[] = Buffer.isBuffer(dataKey) ? [decryptStream(dataKey, name)] : [];
  const end = dataKey === 'none' ? drained : (pieces: AsyncIterable<Buffer>) => use(plain.through(pieces));
  await pipeline([stream, counted, ...decrypting, end] as never, { signal });
  if (dataKey === 'none') return verdict(copy.stored, stored.result(), 'stored');
  return verdict(copy, plain.result(), 'content');
}

function verdict(expected: Proof, found: Proof, depth: 'content' | 'stored'): ColdLook {
  return isSame(expected, found) ? { state: 'whole', depth } : { state: 'damaged', problem: `it ${difference(expected, found)}` };
}

async function drained(pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of pieces);
}
