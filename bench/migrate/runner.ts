import type { Script } from './script.ts';

/** Where a run finds its database. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Invocation {
  readonly program: string;
  readonly args: readonly string[];
  /** On top of a bare environment. Passwords travel here, never in `args`. */
  readonly env: Readonly<Record<string, string>>;
}

/** A tool that applies migrations, as its users run it. */
export interface Runner {
  readonly name: string;
  /** What is one transaction: a fact of the tool that explains much of its time. */
  readonly transactions: 'each migration' | 'each script, each row' | 'each statement' | 'all together';
  /** False: it keeps no history, so a second run makes no sense. */
  readonly keepsHistory: boolean;
  /** The version that is installed, or how to install it. */
  find(): { readonly version: string } | { readonly install: string };
  /** Files of the project, by path inside its folder. */
  files(scripts: readonly Script[]): ReadonlyMap<string, string>;
  /** The command that applies what is pending, run in that folder; only a tool without history needs to be told what that is. */
  invoke(address: Address, pending: readonly Script[]): Invocation;
}

/** libpq's form, which all of them read. The server has no TLS: nobody shall spend a round trip on asking. */
export function urlOf({ host, port, user, password, database }: Address): string {
  return `postgres://${user}:${password}@${host}:${port}/${database}?sslmode=disable`;
}

/** libpq's variables. */
export function pgVariables({ host, port, user, password, database }: Address): Record<string, string> {
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database, PGSSLMODE: 'disable' };
}

/** A counted version such as 0042. */
export const counted = (number: number, digits = 4): string => String(number).padStart(digits, '0');

/** `<folder>/<name>` for every script. */
export function eachScript(
  scripts: readonly Script[],
  name: (script: Script) => string,
  content: (script: Script) => string = ({ sql }) => sql,
): [path: string, content: string][] {
  return scripts.map((script) => [name(script), content(script)]);
}
