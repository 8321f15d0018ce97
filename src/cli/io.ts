import type { Variables } from '../commands/context.ts';

/** A terminal, a pipe or a file; tests hand in a buffer. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the process is given from outside: the only way into the program, so that tests can run it whole in process. */
export interface Io {
  readonly argv: readonly string[];
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly variables: Variables;
  readonly cwd: string;
  readonly home: string;
  /** Name of the operating system's user: PostgreSQL's default role name. */
  readonly user: string;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  /** Aborted when the reader of stdout goes away; nobody is asked before it is called. Not there: nobody can tell. */
  readonly unread?: () => AbortSignal;
}
