import type { LoadedConfig } from '../config/load.ts';
import type { JsonObject } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import type { Progress } from '../core/progress.ts';
import type { Answer, Target } from '../core/report.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import type { Session, SessionOptions } from '../db/session.ts';
import type { Completable } from '../ops/completion/script.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';

/** Options every command takes, parsed. */
export interface Globals {
  readonly config: string | undefined;
  readonly env: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
}

/** Names of environment variables to their values, read once at the start of the process. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Everything a command may touch besides its options; built once per run by cli/context. */
export interface Context {
  readonly globals: Globals;
  /** The target of a fleet this context is for; undefined: the database of the environment. */
  readonly fleetTarget?: string;
  readonly cwd: string;
  readonly home: string;
  /** Name of the operating system's user. */
  readonly user: string;
  readonly variables: Variables;
  /** `process.version`. */
  readonly nodeVersion: string;
  readonly clock: () => Date;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Aborted when nobody reads the answer any more (`dbctl … | head`): a command that goes on until it is stopped ends then. */
  unread(): AbortSignal;
  /** dbctl.yaml with the overlay of `--env`. Fails with config.invalid, naming every problem. */
  config(): Promise<LoadedConfig>;
  /** Where the environment's database is, without connecting. Fails with config.invalid. */
  connection(): Promise<ConnectionTarget>;
  /** One session on the environment's database, closed whatever happens. Fails with db.unreachable or db.denied. */
  withDatabase<T>(options: SessionOptions, use: (session: Session) => Promise<T>): Promise<T>;
  /** Says something before the report, in a command that goes on until it is stopped: to people a line, in ndjson an event. */
  emit(event: JsonObject, line: string): void;
  /** The value with every secret this process was given replaced, for what is written beside the report. */
  redacted<T>(value: T): T;
  /** What a report says about where it looked. */
  target(session: Session): Target;
  /** This context; or, where no project file is found, the same for the reference project that comes with dbctl. */
  projectOrReference(): Promise<Context>;
  /** The same for another environment of dbctl.yaml. */
  forEnvironment(name: string): Promise<Context>;
  /** Every command with its options, for shell completion. */
  commands(): readonly Completable[];
  /** Runs a command of this program in a process of its own, which goes on when this one ends and says nothing. */
  startInBackground(args: readonly string[]): void;
  /** Done when the command has ended, however it ended, such as to end a connection. What fails then is nobody's answer. */
  atEnd(act: () => Promise<void>): void;
  /** Asks the person at the terminal; with `--yes` goes on, without a terminal refuses. */
  confirm(question: string): Promise<void>;
}

/** A command: what it is, as data, and what it does. */
export interface Command {
  readonly spec: CommandSpec;
  run(options: ParsedOptions, context: Context): Promise<Answer>;
}
