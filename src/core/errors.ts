/**
 * Every way a command can end badly, in one table: the exit status (contract C2) and what the code means. README and
 * `dbctl --help` print it; a test keeps them equal.
 */
export const ERROR_CODES = {
  usage: { exit: 2, meaning: 'the command line does not parse, or an option has no such value' },
  'config.invalid': { exit: 2, meaning: 'dbctl.yaml, an environment variable or a file it names is missing or wrong' },
  'secret.on-argv': { exit: 2, meaning: 'a secret was given on the command line, where every user of the machine can read it' },
  'secret.exposed': { exit: 2, meaning: 'a file that holds a secret can be read by others' },
  'migration.invalid': { exit: 2, meaning: 'a migration file or the migrations folder cannot be run as it stands' },
  'db.unreachable': { exit: 3, meaning: 'no server answers at that address, or TLS could not be agreed' },
  'db.denied': { exit: 3, meaning: 'the server refuses the login or a right the command needs' },
  'db.version': { exit: 3, meaning: 'the server is of a version the command cannot work with' },
  'db.read-only': { exit: 3, meaning: 'the server takes no writes (standby, or read-only by setting)' },
  'sql.failed': { exit: 4, meaning: 'the server refused a statement' },
  'migration.failed': { exit: 4, meaning: 'a migration failed and was rolled back' },
  'backup.failed': { exit: 4, meaning: 'a backup could not be made, or is not what it has to be' },
  'archive.failed': { exit: 4, meaning: 'an archive of a table could not be made, or is not what it has to be' },
  'storage.failed': { exit: 4, meaning: 'a place backups are kept in does not do what was asked' },
  'db.resources': { exit: 4, meaning: 'the server ran out of disk, memory or connections' },
  'server.failed': { exit: 4, meaning: 'a development server could not be started, or died' },
  'lock.held': { exit: 5, meaning: 'another run holds the lock, or a lock was not granted in time' },
  refused: { exit: 5, meaning: 'a guard refuses: protected environment, missing consent, unsafe state' },
  internal: { exit: 70, meaning: 'a defect in dbctl' },
  interrupted: { exit: 130, meaning: 'stopped by a signal' },
} as const;

/** What each exit status means to a script (contract C2). */
export const EXIT_STATUS: Readonly<Record<number, string>> = {
  0: 'done, and the answer is yes',
  1: 'done, and the answer is no (findings, drift, pending, failed test)',
  2: 'usage or configuration',
  3: 'database unreachable, access denied, or wrong version for the command',
  4: 'SQL failed',
  5: 'refused or locked (guard, lock held, legal hold, missing approval)',
  70: 'internal error: a defect in dbctl',
  130: 'interrupted',
};

export type ErrorCode = keyof typeof ERROR_CODES;

/** Where in a file or an SQL text something is wrong: lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line's text, for the caret. */
  readonly text?: string;
}

export interface ErrorDetails {
  /** The next act, as a full sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  readonly sqlstate?: string;
  readonly position?: SourcePosition;
  /** What the server said besides the message (its detail and context lines). */
  readonly detail?: string;
}

/**
 * The only error a command throws on purpose. The message is lower case, names the thing and has no final stop; the hint is
 * a sentence that tells the next act.
 */
export class DbctlError extends Error {
  override readonly name = 'DbctlError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly sqlstate: string | undefined;
  readonly position: SourcePosition | undefined;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.sqlstate = details.sqlstate;
    this.position = details.position;
    this.detail = details.detail;
  }

  get exit(): number {
    return ERROR_CODES[this.code].exit;
  }
}

/** Throws a {@link DbctlError}; the return type lets callers write `return fail(…)`. */
export function fail(code: ErrorCode, message: string, details: ErrorDetails = {}): never {
  throw new DbctlError(code, message, details);
}
