/** What a command may do to the world: decides its session mode, its confirmation and its badge in the help. */
export type Effect = 'reads' | 'changes' | 'destroys';

export interface OptionSpec {
  /** commander's notation: `--limit <n>`, `--seed`, `-f, --force`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean | number;
  /** May be given several times; the value is then a list. */
  readonly repeatable?: boolean;
  /** Turns the text into the value; throws an Error whose message names what was expected. */
  readonly parse?: (text: string) => unknown;
}

export interface ArgumentSpec {
  /** commander's notation: `<name>`, `[ids...]`. */
  readonly name: string;
  readonly description: string;
}

export interface CommandSpec {
  /** Words after `dbctl`: `verify`, `migrate up`. */
  readonly name: string;
  readonly summary: string;
  /** Paragraphs under the usage line: what it reads, what it changes, which rights it needs. */
  readonly description?: string;
  readonly effect: Effect;
  /** Runs over many databases with --targets. Only for commands that read, ask a database, and write no file. */
  readonly targets?: true;
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /**
   * For a command that destroys and is meant for production: the option without which it does not run on a protected environment, as commander
   * parses it. Without one it never does.
   */
  readonly onProtected?: { readonly flag: string; readonly option: string };
  readonly examples: readonly (readonly [command: string, meaning: string])[];
}

/** Values commander parsed: options by camel-cased name, arguments by name. */
export type ParsedOptions = Readonly<Record<string, unknown>>;
