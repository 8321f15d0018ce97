import { createHash } from 'node:crypto';

/** A function of schema dbctl as data, so that its installed body can be compared with the one dbctl means. */
export interface DatabaseFunction {
  readonly name: string;
  /** Argument names and types, as in create function. */
  readonly args: string;
  readonly returns: string;
  readonly language: 'plpgsql' | 'sql';
  /** `definer`: runs with the rights of dbctl_guard, so that callers need none on registry and counters. */
  readonly security: 'definer' | 'invoker';
  readonly volatility: 'volatile' | 'stable';
  /** Whose rights a definer's function has: those of dbctl_guard, or, where it makes and removes partitions, those of the owner of the protected tables. */
  readonly owner?: 'tables';
  /** May every role call it? Only for functions that are harmless in anybody's hands, or that triggers need. */
  readonly public: boolean;
  readonly comment: string;
  /** Settings besides the search path, as in `set name = value`. */
  readonly settings?: readonly string[];
  readonly body: string;
}

/** Nothing of the caller's can come before pg_catalog; pg_temp, searched first where it is not named, comes last. */
export const SEARCH_PATH = 'pg_catalog, pg_temp';

/** The statements that create the function, with its comment and rights. */
export function createFunction(one: DatabaseFunction): string {
  const { name, args, returns, language, security, volatility, body, ...rest } = one;
  const signature = signatureOf(one);
  return `create or replace function dbctl.${name}(${args}) returns ${returns}
language ${language} ${volatility} security ${security}
set search_path = ${SEARCH_PATH}${(rest.settings ?? []).map((setting) => `\nset ${setting}`).join('')}
as $body$${body}$body$;
comment on function ${signature} is '${rest.comment.replaceAll("'", "''")}';
revoke all on function ${signature} from public;${rest.public ? `\ngrant execute on function ${signature} to public;` : ''}`;
}

/** As `alter function` wants it: the name with the types of its arguments. */
export const signatureOf = ({ name, args }: DatabaseFunction): string => `dbctl.${name}(${argumentTypes(args)})`;

/** Hex SHA-256 of what pg_proc.prosrc holds. */
export function bodyHash({ body }: DatabaseFunction): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Hex SHA-256 over all that makes the function do what it does, as {@link FUNCTION_HASH} takes it from pg_proc. */
export function functionHash({ body, volatility, security, settings = [] }: DatabaseFunction): string {
  const config = [`search_path=${SEARCH_PATH}`, ...settings.map(configEntry)];
  const text = [body, volatility === 'stable' ? 's' : 'v', String(security === 'definer'), 'false', config.join(';')].join('|');
  return createHash('sha256').update(text).digest('hex');
}

/** SQL over a row `p` of pg_proc. */
export const FUNCTION_HASH = `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', p.prosrc, p.provolatile::pg_catalog.text,
  p.prosecdef::pg_catalog.text, p.proisstrict::pg_catalog.text, pg_catalog.array_to_string(p.proconfig, ';')), 'UTF8')), 'hex')`;

/** `timezone = 'UTC'` → `TimeZone=UTC`: the server keeps the name as it spells it itself. */
function configEntry(setting: string): string {
  const [, name = '', value = ''] = /^(\w+) = '?([^']*)'?$/.exec(setting) ?? [];
  return `${SPELLINGS[name] ?? name}=${value}`;
}

const SPELLINGS: Readonly<Record<string, string>> = {
  timezone: 'TimeZone',
  datestyle: 'DateStyle',
  intervalstyle: 'IntervalStyle',
};

/** `relation oid, code text` → `oid, text`; defaults are left out. */
function argumentTypes(args: string): string {
  if (args === '') return '';
  return args
    .split(',')
    .map((argument) =>
      argument
        .trim()
        .replace(/^\S+\s+/, '')
        .replace(/\s+default .*$/, ''),
    )
    .join(', ');
}
