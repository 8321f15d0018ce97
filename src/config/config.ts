import type { CheckedFile, TLS_MODES } from './schema.ts';

/** libpq's sslmode. */
export type TlsMode = (typeof TLS_MODES)[number];

/** Where the connection URL of an environment is kept. */
export type UrlPlace = { readonly variable: string } | { readonly file: string };

/** One database of the project, with its defaults filled in. */
export interface Environment {
  readonly name: string;
  /** undefined: the variable DATABASE_URL, unless `embedded`. */
  readonly url: UrlPlace | undefined;
  /** The database is on the development server dbctl runs. */
  readonly embedded: boolean;
  /** Commands that destroy refuse it. */
  readonly protected: boolean;
  readonly tls: TlsMode | undefined;
  /** Digits, as pg_control_system() shows it: an unsigned 64-bit number does not fit a JavaScript number. */
  readonly system_identifier: string | undefined;
}

/** The configuration as commands use it: checked, complete, frozen. Keys are those of the file; durations are milliseconds. */
export type Config = Frozen<Omit<CheckedFile, 'environments' | 'dev' | 'ledger'>> & {
  readonly environments: Readonly<Record<string, Environment>>;
  readonly dev: { readonly version: 17 | 18; readonly engine: 'embedded' | 'container'; readonly database: string };
  readonly ledger: Frozen<CheckedFile['ledger']> & { readonly tables: readonly string[] };
};

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

/** Fills in what depends on other values: development server, protection by name, tables of the ledger. */
export function complete(checked: CheckedFile): Config {
  const environments = Object.entries(checked.environments).map(([name, written]) => [name, environment(name, written)]);
  return freeze({
    ...checked,
    ledger: { ...checked.ledger, tables: checked.ledger.tables ?? checked.immutability.tables.map(({ table }) => table) },
    environments: Object.fromEntries(environments) as Record<string, Environment>,
    dev: {
      version: checked.dev.version ?? (checked.postgres.version.startsWith('17.') ? 17 : 18),
      engine: checked.dev.engine,
      database: checked.dev.database ?? checked.project.replaceAll('-', '_'),
    },
  });
}

function environment(name: string, written: CheckedFile['environments'][string]): Environment {
  return {
    name,
    url: urlPlace(written.url),
    embedded: written.embedded ?? false,
    protected: written.protected ?? (name === 'prod' || name === 'production'),
    tls: written.tls,
    system_identifier: written.system_identifier,
  };
}

function urlPlace(url: CheckedFile['environments'][string]['url']): UrlPlace | undefined {
  if (url?.variable !== undefined) return { variable: url.variable };
  return url?.file === undefined ? undefined : { file: url.file };
}

function freeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) freeze(child);
  return Object.freeze(value);
}
