import { fail } from '../../core/errors.ts';
import { parseConninfo } from './conninfo.ts';
import { isParameterName, PARAMETERS, type ParameterName, type Setting } from './parameters.ts';
import { unknownParameter, type Place } from './unknown-parameter.ts';
import { parseUrl, URL_SCHEMES, type NamedValues } from './url.ts';

const EXAMPLE = 'Write postgresql://user@host:5432/database, or host=… user=… dbname=….';

/**
 * The settings in a connection string, a URL or `name=value` pairs; blanks and a final newline around it (a secret file has
 * one) do not count. Fails with config.invalid: not a connection string, broken, or with a parameter nobody knows.
 */
export function parseText(text: string, from: string, onWarning: (message: string) => void): Map<ParameterName, Setting> {
  const trimmed = text.trim();
  const isUrl = URL_SCHEMES.some((scheme) => trimmed.startsWith(scheme));
  if (!isUrl) refuseOtherForms(trimmed, from);
  // An "@" behind the first "/" may be the end of a password that holds an unescaped "/".
  const mayBeSecret = isUrl && /^\w+:\/\/[^@/]*\/.*@/s.test(trimmed);
  return named(isUrl ? parseUrl(trimmed, from) : parseConninfo(trimmed, from), { from, mayBeSecret, onWarning });
}

function named(values: NamedValues, place: Place): Map<ParameterName, Setting> {
  const settings = new Map<ParameterName, Setting>();
  let { mayBeSecret } = place;
  for (const [written, value] of values) {
    // Obsolete since 8.0 and still read by libpq.
    const name = written === 'requiressl' ? 'sslmode' : written;
    if (isParameterName(name)) {
      settings.set(name, {
        value: written === 'requiressl' ? (value.startsWith('1') ? 'require' : 'prefer') : value,
        from: place.from,
      });
      mayBeSecret ||= 'secret' in PARAMETERS[name];
    } else unknownParameter(name, { ...place, mayBeSecret });
  }
  return settings;
}

/** What people paste by mistake, told apart without repeating it: any of these may hold a password. */
function refuseOtherForms(text: string, from: string): void {
  const refuse = (what: string, hint: string): never => fail('config.invalid', `${from}: ${what}`, { hint });
  const quotes = 'Take the quotes away; env files are not read by a shell.';
  const jdbc = `Take "jdbc:" away and put user and password before the host. ${EXAMPLE}`;
  if (text === '') return refuse('is empty', `${EXAMPLE} Unset it to use PGHOST, PGUSER and the like.`);
  if (/^["'].*["']$/s.test(text)) return refuse('has quotes around it', quotes);
  if (/^jdbc:/i.test(text)) return refuse('is a JDBC URL', jdbc);
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) return refuse(`the scheme "${scheme}" is not PostgreSQL's`, schemeHint(scheme));
  if (/^postgres(ql)?:/i.test(text)) return refuse('"//" is missing after the scheme', EXAMPLE);
  if (!text.includes('=')) {
    return refuse('is not a connection string: it has neither "postgresql://" nor "name=value"', EXAMPLE);
  }
}

/** SQLAlchemy writes `postgresql+asyncpg://`. */
function schemeHint(scheme: string): string {
  const driver = /^postgres(?:ql)?(\+\w+)$/i.exec(scheme)?.[1];
  const aside = driver === undefined ? '' : ` "${driver}" names another language's driver: take it away.`;
  return `The scheme is "postgresql" or "postgres", in lower case.${aside}`;
}
