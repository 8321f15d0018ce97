import { resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { fail } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Log } from '../../core/log.ts';

/** A signed note on its way out of the database. */
export interface OutgoingNote {
  /** Number of the checkpoint in its log, from 1. */
  readonly sequence: number;
  readonly text: string;
}

export interface PublishedNote extends OutgoingNote {
  /** Where it is, in the sink's own words: path, commit, object key. */
  readonly reference: string;
}

/** What a sink answers; stored in the database next to the checkpoint. */
export interface Receipt {
  readonly sink: string;
  readonly reference: string;
  readonly detail: JsonObject;
}

/** A place outside the database that keeps notes, best under another owner than the database. Append-only. */
export interface Sink {
  readonly name: string;
  readonly type: 'folder' | 'git' | 's3' | 'log';
  /**
   * Stores the note. The same text under the same number is accepted again; fails with refused when another text has the number,
   * which is either a second log under the same name or the mark of a rewritten one.
   */
  publish(note: OutgoingNote): Promise<Receipt>;
  /** The note of the highest number, null where there is none yet. `unreadable` for sinks that only take. */
  latest(): Promise<PublishedNote | null | 'unreadable'>;
  /**
   * The notes it has of these numbers. Old ones tell what the latest cannot: a log that was signed anew from the beginning ends as it
   * should once it has been published for a while.
   */
  read(sequences: readonly number[]): Promise<readonly PublishedNote[] | 'unreadable'>;
}

export interface SinkContext {
  /** Relative paths are relative to it. */
  readonly folder: string;
  readonly log: Log;
  readonly clock: () => Date;
  /** Environment of the programs that are run (git). */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

type SinkSettings = Config['ledger']['sinks'][number];

/** The sinks of dbctl.yaml, each loaded when it is used. */
export async function openSinks(settings: readonly SinkSettings[], context: SinkContext): Promise<Sink[]> {
  return Promise.all(settings.map((one) => openSink(one, context)));
}

async function openSink(settings: SinkSettings, { folder, log, clock, variables }: SinkContext): Promise<Sink> {
  const { name } = settings;
  switch (settings.type) {
    case 'folder':
      return (await import('./sink-folder.ts')).folderSink(name, resolve(folder, settings.path ?? ''));
    case 'git':
      return (await import('./sink-git.ts')).gitSink(name, {
        repository: resolve(folder, settings.repository ?? ''),
        branch: settings.branch ?? '',
        remote: settings.remote ?? null,
        variables,
      });
    case 's3':
      return (await import('./sink-s3.ts')).s3Sink(name, {
        bucket: settings.bucket ?? '',
        prefix: settings.prefix ?? '',
        region: settings.region ?? '',
        endpoint: settings.endpoint ?? null,
        lock: settings.mode === undefined ? null : { mode: settings.mode, days: settings.retain_days ?? 0 },
        clock,
      });
    case 'log':
      return (await import('./sink-log.ts')).logSink(name, settings.path === undefined ? log : resolve(folder, settings.path));
  }
}

/** Notes of one folder: a year has half a million, and neither a git tree nor a listing of a bucket should name them all each time. */
const IN_A_FOLDER = 1_000;

/** `0000000/0000000042.note`: thousands, then the number. Names sort as numbers do. */
export function noteName(sequence: number): string {
  return `${String(Math.floor(sequence / IN_A_FOLDER)).padStart(7, '0')}/${String(sequence).padStart(10, '0')}.note`;
}

/** The number in a name {@link noteName} made, with or without its folder; null for any other name. */
export function sequenceOf(name: string): number | null {
  const match = /(?:^|\/)(\d{10})\.note$/.exec(name);
  return match === null ? null : Number(match[1]);
}

/** The names among `names` that are folders of notes, highest first. */
export const noteFolders = (names: readonly string[]): string[] =>
  names
    .filter((name) => /^\d{7}$/.test(name))
    .toSorted()
    .toReversed();

/** The name among `names` with the highest number. */
export const highestNote = (names: readonly string[]): string | undefined =>
  names
    .filter((name) => sequenceOf(name) !== null)
    .toSorted()
    .at(-1);

/** Fails: the sink holds another text under this number. */
export function refuseOther(sink: string, sequence: number, reference: string): never {
  fail('refused', `${sink} holds another note ${sequence}: ${reference}`, {
    hint: 'Two logs write there, or one was rewritten. Keep both notes and follow runbooks/ledger-mismatch.md.',
  });
}
