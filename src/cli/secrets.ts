import { DbctlError } from '../core/errors.ts';
import type { Variables } from '../commands/context.ts';

/** Options that would carry a secret, by the names other tools use for them. */
const SECRET_OPTION = /^--?(?:password|passwd|pass|pwd|secret|token|pgpassword|db-password)(?:=|$)/i;
const URL_WITH_PASSWORD = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s@]+@/i;
const CONNINFO_PASSWORD = /\bpassword\s*=\s*\S/i;
/** psql's short form `-W` asks and is harmless, mysql's `-psecret` is not; only the long forms are unmistakable. */

/**
 * A secret among the arguments, or undefined. The message never repeats the argument: it is in the shell's history and in `ps`
 * already, it need not be in a CI log as well.
 */
export function secretOnArgv(argv: readonly string[]): DbctlError | undefined {
  const index = argv.findIndex(
    (word) => SECRET_OPTION.test(word) || URL_WITH_PASSWORD.test(word) || CONNINFO_PASSWORD.test(word),
  );
  if (index === -1) return undefined;
  return new DbctlError(
    'secret.on-argv',
    `argument ${index + 1} carries a secret, which every user of this machine can read with ps`,
    {
      hint:
        'Put the URL into a variable (export DATABASE_URL=…) or into a file of mode 0600 and name it in dbctl.yaml: ' +
        'environments.<name>.url.variable or .url.file. Change the password: it has been seen.',
    },
  );
}

/** Shorter values cannot be told from ordinary words, and replacing those would make the output unreadable. */
const SHORTEST_SECRET = 6;

/** Hides every secret the process was given, wherever it turns up in text. */
export class Redactor {
  readonly #secrets = new Set<string>();

  constructor(variables: Variables) {
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined || value === '') continue;
      if (/PASSWORD|PASSWD|SECRET|TOKEN/i.test(name)) this.add(value);
      this.addFromUrl(value);
    }
  }

  add(secret: string): void {
    if (secret.length >= SHORTEST_SECRET) this.#secrets.add(secret);
  }

  /** Learns the password inside a connection URL or a key=value string, as written and decoded. */
  addFromUrl(text: string): void {
    const inUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*?:(.+)@[^@]*$/i.exec(text)?.[1];
    const inQuery = /[?&]password=([^&]+)/i.exec(text)?.[1];
    const inConninfo = /(?:^|\s)password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))/i.exec(text);
    for (const secret of [inUrl, inQuery, inConninfo?.[1], inConninfo?.[2]]) {
      if (secret === undefined) continue;
      this.add(secret);
      try {
        this.add(decodeURIComponent(secret));
      } catch {
        // Not percent-encoded after all: the written form is the secret.
      }
    }
  }

  /** The text with every known secret, and the password of any URL, replaced by `***`. */
  text(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***');
    return clean.replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:)\S+(@)/gi, '$1***$2');
  }

  /** The same for every string inside a value. */
  value<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (Array.isArray(value)) return value.map((entry) => this.value(entry as unknown)) as T;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, this.value(entry as unknown)])) as T;
  }
}
