import { PARAMETERS } from './parameters.ts';

const MASK = '***';
const SECRETS = Object.entries(PARAMETERS)
  .flatMap(([name, parameter]) => ('secret' in parameter ? [name] : []))
  .concat('passwd', 'pass', 'pwd');
const SECRET_NAME = `(?:${SECRETS.join('|')})`;

/**
 * A connection string without its secrets, for messages and logs. It errs on the side of hiding: whatever stands between the
 * scheme and the last `@` is taken for credentials even where libpq reads it otherwise, since an unescaped `/`, `?` or `@` in a
 * password makes the rest of it look like a host or a path. Text that is neither a URL nor `name=value` is hidden whole.
 */
export function redactConnectionString(text: string): string {
  const scheme = /^\s*(?:(?:jdbc:)?[a-z][a-z0-9+.-]*:\/\/|(?:jdbc:)?postgres(?:ql)?:)/i.exec(text)?.[0];
  if (scheme !== undefined && !/^\s*\w+\s*=/.test(text)) return scheme + redactUrl(text.slice(scheme.length));
  return text.includes('=') && !text.includes('@') ? redactPairs(text) : text.trim() === '' ? text : redactMixed(text);
}

function redactUrl(text: string): string {
  const end = text.lastIndexOf('@');
  const [credentials, rest] = end < 0 ? ['', text] : [text.slice(0, end + 1), text.slice(end + 1)];
  const user = /^([^:/?@]*):?/.exec(credentials)?.[1] ?? '';
  const hidden = credentials === '' ? '' : credentials === `${user}@` ? credentials : `${user}:${MASK}@`;
  return hidden + rest.replaceAll(new RegExp(`([?&;]${SECRET_NAME}=).*?(?=&(?:[a-z_]+=)|$)`, 'gis'), `$1${MASK}`);
}

/** Pairs: from the first secret on, only what is certainly another known parameter is shown again. */
function redactPairs(text: string): string {
  const value = `'(?:[^'\\\\]|\\\\.)*(?:'|$)|(?:[^\\s\\\\]|\\\\.)*(?:\\s+(?!\\w+\\s*=)\\S+)*`;
  return text.replaceAll(new RegExp(`(\\b${SECRET_NAME}\\s*=\\s*)(?:${value})`, 'gis'), `$1${MASK}`);
}

/** `=` and `@` together, or neither: a pair list is recognisable by its known names, anything else is hidden. */
function redactMixed(text: string): string {
  const isPairs = new RegExp(`^\\s*(?:${Object.keys(PARAMETERS).join('|')})\\s*=`).test(text);
  return isPairs ? redactPairs(text) : MASK;
}
