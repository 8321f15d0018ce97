import { DbctlError, fail } from '../../core/errors.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { newCoding, type CodingKey } from '../codec/coding.ts';
import { unwrapKey } from '../codec/recipients.ts';
import { coldKeyFile } from './cold-name.ts';

/** The data keys of one destination, as far as they are needed and can be had. */
export class Keyring {
  readonly #destination: Repository;
  #own: Promise<CodingKey | null> | undefined;
  readonly #opened = new Map<string, Promise<Buffer | null>>();

  constructor(destination: Repository) {
    this.#destination = destination;
  }

  /** What this run encrypts with; null: nothing is encrypted. The wrapped key is in the destination before anything that needs it. */
  own(): Promise<CodingKey | null> {
    return (this.#own ??= this.#make());
  }

  async #make(): Promise<CodingKey | null> {
    const { codec, storage } = this.#destination;
    if (codec.recipients.length === 0) return null;
    const { key } = await newCoding({ ...codec, archives: 'none' });
    if (key === null) return null;
    const { keyCommitment } = key.encryption;
    if (!(await storage.create(coldKeyFile(keyCommitment), Buffer.from(key.wrapped))))
      fail('internal', `${coldKeyFile(keyCommitment)} is there before its key was made`);
    this.#opened.set(keyCommitment, Promise.resolve(key.dataKey));
    return key;
  }

  /** The data key of that commitment; null: no identity is at hand that opens it. Fails with archive.failed where the wrapped key is not there. */
  open(commitment: string): Promise<Buffer | null> {
    const known = this.#opened.get(commitment) ?? this.#unwrap(commitment);
    this.#opened.set(commitment, known);
    return known;
  }

  async #unwrap(commitment: string): Promise<Buffer | null> {
    const file = coldKeyFile(commitment);
    const wrapped =
      (await readText(this.#destination, file)) ??
      fail('archive.failed', `${file} is missing in ${this.#destination.name}`, {
        hint: 'Bring it from another copy of the destination: without it nothing opens that was encrypted with it.',
      });
    try {
      return await unwrapKey(wrapped, await this.#destination.codec.identity(), commitment);
    } catch (thrown) {
      if (thrown instanceof DbctlError && thrown.code === 'refused') return null;
      throw thrown;
    }
  }
}
