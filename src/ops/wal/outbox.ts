import { rm } from 'node:fs/promises';
import type { Log } from '../../core/log.ts';
import type { Repository } from '../backup/repository.ts';
import { pushWalToAll } from './archive.ts';

/** Segments that are whole here and wait for the repository: with more than this the server has to wait too. */
const MOST_WAITING = 4;

interface Waiting {
  /** Null: it is no segment. */
  readonly begin: bigint | null;
}

/** Brings files of the spool into the archive one after the other, while the next ones are being received. */
export class Outbox {
  readonly #repositories: readonly Repository[];
  readonly #log: Log;
  readonly #onStored: (name: string) => Promise<void>;
  #waiting: Waiting[] = [];
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly thrown: unknown } | undefined;

  constructor(repositories: readonly Repository[], log: Log, onStored: (name: string) => Promise<void>) {
    [this.#repositories, this.#log, this.#onStored] = [repositories, log, onStored];
  }

  /** Where the first begins that is not in the repository yet; null: everything is. */
  get firstWaiting(): bigint | null {
    return this.#waiting.find(({ begin }) => begin !== null)?.begin ?? null;
  }

  /** Takes a file; `begin` is null where it is no segment. Fails with what failed before, and waits while too many are in line. */
  async add(path: string, name: string, begin: bigint | null): Promise<void> {
    const entry = { begin };
    this.#waiting.push(entry);
    this.#last = this.#storeAfter(this.#last, path, name, entry);
    if (this.#waiting.length > MOST_WAITING) await this.#last;
    this.check();
  }

  async #storeAfter(before: Promise<void>, path: string, name: string, entry: Waiting): Promise<void> {
    await before;
    if (this.#failure !== undefined) return;
    try {
      for (const { repository, problem } of await pushWalToAll(this.#repositories, path)) {
        if (problem !== null) this.#log.warn(`${repository} did not take ${name}, dbctl backup sync brings it there: ${problem}`);
      }
      // Only what is in the repository goes from here.
      await rm(path, { force: true });
      this.#waiting = this.#waiting.filter((one) => one !== entry);
      await this.#onStored(name);
    } catch (thrown) {
      this.#failure = { thrown };
    }
  }

  /** All of them are in the repository. Fails with what failed. */
  async empty(): Promise<void> {
    await this.#last;
    this.check();
  }

  /** Fails where one could not be stored: what comes after it must not be confirmed. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }
}
