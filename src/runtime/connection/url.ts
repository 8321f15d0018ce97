import { fail } from '../../core/errors.ts';

/** Names and values in the order they stand; the last one of a name wins. */
export type NamedValues = readonly (readonly [name: string, value: string])[];

export const URL_SCHEMES = ['postgresql://', 'postgres://'] as const;

/**
 * Reads `postgresql://[user[:password]@][host][:port][,…][/dbname][?name=value&…]` by the rules of libpq (fe-connect.c,
 * conninfo_uri_parse_options) and not of web URLs: several hosts, sockets as `%2Frun`, any part may be missing. Fails with
 * config.invalid, naming the part and never its text, since a badly escaped password spills into every other part; for the same
 * reason an `@` after the credentials, or in a database name, must be escaped, which libpq does not ask.
 */
export function parseUrl(text: string, from: string): NamedValues {
  const scheme = URL_SCHEMES.find((one) => text.startsWith(one)) ?? fail('config.invalid', `${from}: not a PostgreSQL URL`);
  const rest = text.slice(scheme.length);
  const end = rest.search(/[@/]/);
  const hasCredentials = rest[end] === '@';
  const credentials = hasCredentials ? credentialsOf(rest.slice(0, end), from) : [];
  const tail = hasCredentials ? rest.slice(end + 1) : rest;
  const { hosts, ports, after } = locationsOf(tail, from);
  const [path, query] = splitOnce(after, '?');
  if ((hasCredentials ? tail : path).includes('@')) {
    fail('config.invalid', `${from}: an "@" where none belongs`, {
      hint: 'In user, password and names write @ as %40, / as %2F and : as %3A.',
    });
  }
  return [
    ...credentials,
    ...given('host', hosts, from),
    ...given('port', ports, from),
    ...given('dbname', path.slice(1), from),
    ...(query === undefined ? [] : parametersOf(query, from)),
  ];
}

function credentialsOf(text: string, from: string): NamedValues {
  const [user, password] = splitOnce(text, ':');
  return [...given('user', user, from), ...given('password', password ?? '', from)];
}

/** An empty part counts as absent, so that the environment's value applies. */
function given(name: string, text: string, from: string): NamedValues {
  return text === '' ? [] : [[name, decode(text, `the ${name}`, from)]];
}

interface Locations {
  /** Both with as many commas as the URL has between hosts. */
  readonly hosts: string;
  readonly ports: string;
  readonly after: string;
}

function locationsOf(text: string, from: string): Locations {
  const hosts: string[] = [];
  const ports: string[] = [];
  for (let at = 0; ; at += 1) {
    const bracketed = text[at] === '[';
    const host = bracketed ? ipv6(text.slice(at), from) : (/^[^:/?,]*/.exec(text.slice(at))?.[0] ?? '');
    at += host.length + (bracketed ? 2 : 0);
    const port = text[at] === ':' ? (/^[^/?,]*/.exec(text.slice(at + 1))?.[0] ?? '') : undefined;
    at += port === undefined ? 0 : port.length + 1;
    hosts.push(host);
    ports.push(port ?? '');
    if (text[at] !== ',') return { hosts: hosts.join(','), ports: ports.join(','), after: text.slice(at) };
  }
}

function ipv6(text: string, from: string): string {
  const end = text.indexOf(']');
  const hint = 'Write an IPv6 address as [::1], and a [ in a password as %5B.';
  if (end < 0) return fail('config.invalid', `${from}: the "[" of an IPv6 address has no "]"`, { hint });
  if (end === 1) return fail('config.invalid', `${from}: the IPv6 address in brackets is empty`, { hint });
  if (!/^[:/?,]?$/.test(text[end + 1] ?? '')) {
    return fail('config.invalid', `${from}: after "]" only ":", "/", "?" or "," may follow`, { hint });
  }
  return text.slice(1, end);
}

function parametersOf(query: string, from: string): NamedValues {
  const parts = (query.endsWith('&') ? query.slice(0, -1) : query).split('&');
  if (query === '') return [];
  return parts.map((part, index) => {
    const [name, value, ...more] = part.split('=');
    const where = `parameter ${index + 1} after "?"`;
    if (value === undefined)
      return fail('config.invalid', `${from}: ${where} has no "="`, { hint: 'Write & inside a value as %26.' });
    if (more.length > 0)
      return fail('config.invalid', `${from}: ${where} has two "="`, { hint: 'Write = inside a value as %3D.' });
    const decoded = [decode(name ?? '', where, from), decode(value, where, from)] as const;
    // As JDBC writes it; libpq reads this one form of `ssl`.
    return decoded[0] === 'ssl' && decoded[1] === 'true' ? ['sslmode', 'require'] : decoded;
  });
}

function decode(text: string, part: string, from: string): string {
  const trimmed = text.replace(/^ +| +$/g, '');
  const broken = (what: string, hint: string): never => fail('config.invalid', `${from}: ${what} in ${part}`, { hint });
  if (trimmed.includes(' ')) return broken('a space', 'Write a space as %20.');
  if (/%(?![0-9a-fA-F]{2})/.test(trimmed)) return broken('a bad percent-encoding', 'Write a % itself as %25.');
  if (trimmed.includes('%00')) return broken('a NUL byte (%00)', 'PostgreSQL takes no NUL byte in any parameter.');
  try {
    return decodeURIComponent(trimmed);
  } catch {
    return broken('percent-encoded bytes that are not UTF-8', 'Encode the value as UTF-8, then each byte as %XX.');
  }
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
