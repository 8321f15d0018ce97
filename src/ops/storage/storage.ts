import type { Readable } from 'node:stream';

/** A file of a storage. */
export interface StoredFile {
  /** Its path below the root of the storage, with `/`. */
  readonly key: string;
  /** -1: it is a link, a pipe or the like, and not a file. */
  readonly bytes: number;
}

/** What is to be stored: bytes at hand, or a file of this machine. */
export type Content = Buffer | { readonly path: string };

/** How a long transfer is watched and stopped. */
export interface Transfer {
  readonly signal: AbortSignal;
  /** Called with the number of bytes moved since the last call. */
  readonly onBytes: (bytes: number) => void;
  /** Awaited before so many bytes move, where there is a rate limit: {@link file://./pace.ts rateLimited} sets it, a storage keeps to it. */
  readonly pace?: (bytes: number, signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * A place files are kept under keys such as `ID/dump/toc.dat`: a folder, a bucket, a folder of another machine. What is said here holds for
 * every kind. Each function fails with `storage.failed`, naming the place and the key, where the place does not do what was asked.
 */
export interface Storage {
  /** For people: a path or a URL, without secrets. */
  readonly place: string;
  /** The folder of this machine it is; null: files have to be brought before a program can read them. */
  readonly folder: string | null;
  /** Every file below the prefix, which is empty or ends with `/`, at any depth, in the order of their keys. */
  list(prefix: string): Promise<StoredFile[]>;
  /** Names of files and folders directly below the prefix, without it, in their order; folders end with `/`. */
  names(prefix: string): Promise<string[]>;
  /**
   * The bytes of a file; null: it is not there. A stream that ends early fails instead of ending. Fails with `backup.failed` where a link, a pipe or
   * the like has the place of the file: the place does what was asked, and what is there is no file of ours.
   */
  read(key: string): Promise<Readable | null>;
  /** Stores a file whole or not at all, durable when it returns, in the place of one of that key. */
  write(key: string, content: Content, transfer?: Transfer): Promise<void>;
  /** Stores a file where there is none of that key, whichever of many does it at the same time. False: there is one. */
  create(key: string, content: Buffer): Promise<boolean>;
  /** Removes files. One that is not there is no error. What a place keeps all the same, as older versions or under a lock, is out of sight. */
  remove(keys: readonly string[]): Promise<void>;
  /** Why the place keeps the bytes of a file when it is removed now, in words such as `is locked until …`; null: nothing keeps it. Absent: it never does. */
  keptBy?(key: string): Promise<string | null>;
  /**
   * What tells this state of a file from a later one under its key, for comparison only; null: it is not there. Absent: the place does not say.
   * Bytes are not read.
   */
  stateOf?(key: string): Promise<string | null>;
  /**
   * Files below the prefix that a killed run was writing, which have no key and nobody has touched for a day; `remove` takes them away as well.
   * Absent: the place keeps none, since a file comes whole or not at all.
   */
  leftBehind?(prefix: string, now: Date, act: 'list' | 'remove'): Promise<StoredFile[]>;
  /**
   * Files in parts that a killed run was sending, which have no key and nobody has gone on with for a day; `remove` gives them up as well, and frees
   * what they take. Absent: the place keeps none.
   */
  leftUploads?(now: Date, act: 'list' | 'remove'): Promise<StoredFile[]>;
  /** Ends connections. */
  close(): Promise<void>;
}
