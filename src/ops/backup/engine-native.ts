import { receiveBaseBackup, type BaseBackupReceiver } from '../../db/base-backup.ts';
import type { Coding } from '../codec/coding.ts';
import { createEncodedFile, type EncodedFile } from '../codec/encoded-file.ts';
import type { HashedOn } from '../codec/hashed-file.ts';
import type { BaseBackupEngine } from './engine.ts';
import type { BackupFile } from './manifest.ts';
import { CLUSTER_FOLDER, SERVER_MANIFEST } from './server-manifest.ts';

/** dbctl itself, over the replication protocol: no client program takes part. Files are compressed, encrypted and hashed while they come. */
export const nativeEngine: BaseBackupEngine = {
  name: 'native',
  programs: {},
  async take({ target, making, coding, label, incrementalTo, onBytes, signal }) {
    const files = new ArchiveWriter(making, coding, onBytes);
    try {
      await receiveBaseBackup(target, { label, incrementalTo }, files, signal);
    } catch (thrown) {
      await files.abandon();
      throw thrown;
    }
    return files.end();
  },
};

/** The server sends some 32 kB at a time; handed on in pieces of this size. */
const BLOCK = 1 << 20;

/** Blocks on their way to the disk at a time; beyond that the server has to wait. */
const BLOCKS = 16;

const NO_BLOCK = Buffer.alloc(0);

/** Writes what comes, one file after the other, and says when the disk is slower than the server. */
class ArchiveWriter implements BaseBackupReceiver {
  readonly #making: string;
  readonly #coding: Coding;
  readonly #onBytes: (bytes: number) => void;
  readonly #files: EncodedFile[] = [];
  readonly #free: Buffer[] = [];
  #inUse = 0;
  #block: Buffer = NO_BLOCK;
  #filled = 0;
  #failure: Error | undefined;
  #onChange = () => {};

  constructor(making: string, coding: Coding, onBytes: (bytes: number) => void) {
    [this.#making, this.#coding, this.#onBytes] = [making, coding, onBytes];
  }

  archive(name: string): void {
    // The server chooses the name: `base.tar` or an oid, and never a path.
    if (!/^(?:base|\d+)\.tar$/.test(name)) throw new Error(`the server sends an archive called ${JSON.stringify(name)}`);
    this.#open(name, 'its own thread');
  }

  manifest(): void {
    this.#open(SERVER_MANIFEST, 'this thread');
  }

  data(chunk: Buffer): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    this.#onBytes(chunk.length);
    for (let taken = 0; taken < chunk.length;) {
      if (this.#filled === this.#block.length) this.#takeBlock();
      const copied = chunk.copy(this.#block, this.#filled, taken);
      this.#filled += copied;
      taken += copied;
    }
    return this.#inUse < BLOCKS;
  }

  async drained(): Promise<void> {
    while (this.#inUse >= BLOCKS && this.#failure === undefined) await new Promise<void>((resolve) => (this.#onChange = resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Every byte is with the system; to be synced with the rest of the backup. */
  async end(): Promise<BackupFile[]> {
    this.#close();
    return Promise.all(this.#files.map(({ written }) => written));
  }

  /** No file is open afterwards: the folder is removed next. */
  async abandon(): Promise<void> {
    for (const { stream } of this.#files) stream.destroy();
    await Promise.allSettled(this.#files.map(({ written }) => written));
  }

  #open(name: string, hashedOn: HashedOn): void {
    this.#close();
    const file = createEncodedFile(this.#making, `${CLUSTER_FOLDER}/${name}`, this.#coding, hashedOn);
    file.stream.on('error', (error: Error) => this.#fail(error));
    file.written.catch((error: Error) => this.#fail(error));
    this.#files.push(file);
  }

  #close(): void {
    const file = this.#files.at(-1);
    if (file === undefined) return;
    this.#flush();
    file.stream.end();
  }

  #takeBlock(): void {
    this.#flush();
    this.#block = this.#files.at(-1)?.claim() ?? this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
    this.#inUse += 1;
  }

  /** Hands what is filled of the block to the file. */
  #flush(): void {
    const file = this.#files.at(-1);
    if (file === undefined) throw new Error('the server sends bytes of no archive');
    const block = this.#block;
    const filled = block.subarray(0, this.#filled);
    [this.#block, this.#filled] = [NO_BLOCK, 0];
    if (block === NO_BLOCK) return;
    file.stream.write(filled, () => {
      this.#inUse -= 1;
      // What was claimed of the file is gone with it.
      if (block.length > 0) this.#free.push(block);
      this.#onChange();
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#onChange();
  }
}
