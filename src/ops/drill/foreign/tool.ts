import { fail } from '../../../core/errors.ts';
import type { ServerAccount } from '../../process/account.ts';
import { runProgram, type Ended } from '../../process/program.ts';

/** The newest good backup another tool has. */
export interface ForeignBackup {
  readonly id: string;
  /** When it ended: the moment its data is of. */
  readonly takenAt: Date;
  readonly sizeBytes: number;
  readonly major: number;
  /** Null: the tool does not say. */
  readonly systemIdentifier: string | null;
  /** The last segment of the log the tool has for it; null: it does not say. */
  readonly lastSegment: string | null;
  /** Those the restore has to find another place for. */
  readonly tablespaces: readonly { readonly name: string; readonly oid: string }[];
}

/** Where a backup is restored to: nothing is there yet. */
export interface ForeignPlace {
  readonly data: string;
  readonly tablespaces: string;
  /** Whom the server runs as; undefined: the caller. */
  readonly account: ServerAccount | undefined;
}

export interface ForeignRestored {
  /** What is to be said to the server about its recovery. */
  readonly settings: string;
  /** The last segment a recovery has to come to; null: nobody knows. */
  readonly lastSegment: string | null;
  /** Of the backup_manifest the server made, where the tool keeps it, and what the tool changed beside; null: there is none. */
  readonly manifest: { readonly path: string; readonly changed: readonly string[] } | null;
}

/** A tool that keeps backups, through its own program: what a person would run when the server is lost. */
export interface ForeignTool {
  readonly kind: 'pgbackrest' | 'barman';
  /** What it calls the thing whose backups it keeps. */
  readonly subject: string;
  version(): Promise<string>;
  /** Fails with backup.failed where it has none, or says that something is wrong. */
  newest(): Promise<ForeignBackup>;
  /** Fails with backup.failed, in the words of the tool. */
  restore(backup: ForeignBackup, place: ForeignPlace): Promise<ForeignRestored>;
}

export interface ForeignSettings {
  /** Absolute. */
  readonly program: string;
  /** Absolute; undefined: where the tool looks by itself. */
  readonly config: string | undefined;
  readonly signal: AbortSignal;
}

/** Fails with usage where a word cannot be said to a shell and to the configuration of a server. */
export function requirePlainWord(word: string): string {
  if (/^[\w./:=+@-]+$/.test(word)) return word;
  return fail('usage', `${word} has characters a server cannot be told`, { hint: 'Take letters, digits, dashes and dots.' });
}

/** Runs the tool. Fails with backup.failed where it cannot be run; its status is an answer. */
export async function runTool(
  { program, signal }: ForeignSettings,
  args: readonly string[],
  account: ServerAccount | undefined,
): Promise<Ended> {
  return runProgram({ file: program, args, account, signal }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.name === 'AbortError') throw thrown;
    return fail('backup.failed', `${program} cannot be run: ${thrown.code ?? thrown.message}`, {
      hint: 'Install it (apt install pgbackrest, apt install barman), or name it with --from-program.',
    });
  });
}

/** What it said in its last line that matters, or else in its last. */
export function lastWords({ stdout, stderr, status }: Ended): string {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const line = lines.findLast((one) => /ERROR|EXCEPTION|FATAL/.test(one)) ?? lines.at(-1) ?? `exit ${status}`;
  return line.replace(/^.*?(?=ERROR|EXCEPTION|FATAL)/, '').trim();
}
