import { describe, expect, it } from 'vitest';
import { refusal, resolved } from './support.ts';
import { parseText } from '../../../../src/runtime/connection/text.ts';

const parsed = (text: string): Record<string, string> =>
  Object.fromEntries([...parseText(text, 'DATABASE_URL', () => {})].map(([name, { value }]) => [name, value]));

// From libpq's own test, src/interfaces/libpq/t/001_uri.pl, and PQconninfoParse of libpq 18.2.
describe('a URL means what it means to libpq', () => {
  it.each([
    [
      'postgresql://uri-user:secret@host:12345/db',
      { user: 'uri-user', password: 'secret', host: 'host', port: '12345', dbname: 'db' },
    ],
    ['postgresql://uri-user@host/db', { user: 'uri-user', host: 'host', dbname: 'db' }],
    ['postgresql://host:12345', { host: 'host', port: '12345' }],
    ['postgresql://host/db', { host: 'host', dbname: 'db' }],
    ['postgresql://uri-user@', { user: 'uri-user' }],
    ['postgresql:///?user=uri-user&port=12345', { user: 'uri-user', port: '12345' }],
    ['postgresql://host?user=uri-user&port=12345', { user: 'uri-user', host: 'host', port: '12345' }],
    ['postgresql:///', {}],
    ['postgres://', {}],
    ['postgresql://host?', { host: 'host' }],
    ['postgresql://%75ri-user@host:12345/d%62', { user: 'uri-user', host: 'host', port: '12345', dbname: 'db' }],
    ['postgresql://host/db?u%7aer=x&', 'DATABASE_URL: unknown parameter "uzer"'],
    ['postgresql://[::1]', { host: '::1' }],
    ['postgresql://[2001:db8::1234]:12345,h/', { host: '2001:db8::1234,h', port: '12345,' }],
    ['postgresql://h1:1,h2,h3:3/db', { host: 'h1,h2,h3', port: '1,,3', dbname: 'db' }],
    ['postgresql://h1,h2/db', { host: 'h1,h2', port: ',', dbname: 'db' }],
    ['postgresql://%2Fvar%2Frun:5433/db', { host: '/var/run', port: '5433', dbname: 'db' }],
    ['postgresql:///db?host=/path/to/socket/dir', { host: '/path/to/socket/dir', dbname: 'db' }],
    ['postgresql://:@host', { host: 'host' }],
    ['postgresql://u:p%40%3A%2F%3F%23%25%20x@host', { user: 'u', password: 'p@:/?#% x', host: 'host' }],
    ['postgresql://u:p?&=#,[]@host', { user: 'u', password: 'p?&=#,[]', host: 'host' }],
    ['postgresql://u:p%C3%A4%F0%9F%90%98@host', { user: 'u', password: 'pä🐘', host: 'host' }],
    ['postgresql://u:a+b@host', { user: 'u', password: 'a+b', host: 'host' }],
    ['postgresql://host/?ssl=true', { host: 'host', sslmode: 'require' }],
    ['postgresql://host/?requiressl=0', { host: 'host', sslmode: 'prefer' }],
    ['postgresql://a/x?dbname=y&dbname=z', { host: 'a', dbname: 'z' }],
    ['\n postgresql://host/db \n', { host: 'host', dbname: 'db' }],
  ])('%s', (text, expected) => {
    if (typeof expected === 'string') expect(() => parsed(text)).toThrow(expected);
    else expect(parsed(text)).toEqual(expected);
  });
});

describe('name=value pairs mean what they mean to libpq', () => {
  it.each([
    [
      "host=localhost port = 5432 user= 'a b' password='it\\'s \\\\ here'",
      { host: 'localhost', port: '5432', user: 'a b', password: "it's \\ here" },
    ],
    ['password=a\\ b\\\\c dbname=d', { password: 'a b\\c', dbname: 'd' }],
    ["user=''host=h", { user: '', host: 'h' }],
    ['host=h host=i', { host: 'i' }],
    ['dbname=postgresql://x', { dbname: 'postgresql://x' }],
    ['requiressl=1', { sslmode: 'require' }],
    ['password=a=b', { password: 'a=b' }],
    ['\thost\n=\r\nh\t', { host: 'h' }],
    ['password=', { password: '' }],
  ])('%s', (text, expected) => expect(parsed(text)).toEqual(expected));
});

describe('what is no connection string is refused, and never repeated', () => {
  const example = 'Write postgresql://user@host:5432/database, or host=… user=… dbname=….';
  const escapes = 'Inside a user or password write : as %3A, / as %2F, ? as %3F, # as %23 and @ as %40.';
  const quote = "Write name=value, and quote a value with spaces: password='pass word'.";
  const brackets = 'Write an IPv6 address as [::1], and a [ in a password as %5B.';
  it.each([
    ['', 'is empty', `${example} Unset it to use PGHOST, PGUSER and the like.`],
    ['"postgresql://h/d"', 'has quotes around it', 'Take the quotes away; env files are not read by a shell.'],
    ['localhost:5432/app', 'is not a connection string: it has neither "postgresql://" nor "name=value"', example],
    ['u:s3cret@h/d', 'is not a connection string: it has neither "postgresql://" nor "name=value"', example],
    ['postgresql:/h/d', '"//" is missing after the scheme', example],
    [
      'jdbc:postgresql://h/d?user=u&password=s3cret',
      'is a JDBC URL',
      `Take "jdbc:" away and put user and password before the host. ${example}`,
    ],
    [
      'mysql://u:s3cret@h/d',
      'the scheme "mysql" is not PostgreSQL\'s',
      'The scheme is "postgresql" or "postgres", in lower case.',
    ],
    ['POSTGRES://h/d', 'the scheme "POSTGRES" is not PostgreSQL\'s', 'The scheme is "postgresql" or "postgres", in lower case.'],
    [
      'postgresql+asyncpg://h/d',
      'the scheme "postgresql+asyncpg" is not PostgreSQL\'s',
      'The scheme is "postgresql" or "postgres", in lower case. "+asyncpg" names another language\'s driver: take it away.',
    ],
    ['postgresql://h:abc/d', 'the port is not a number from 1 to 65535', escapes],
    ['postgresql://h:0/d', 'the port is not a number from 1 to 65535', escapes],
    ['postgresql://h:65536/d', 'the port is not a number from 1 to 65535', escapes],
    [
      'postgresql://u:s3/cret@h/d',
      'an "@" where none belongs',
      'In user, password and names write @ as %40, / as %2F and : as %3A.',
    ],
    [
      'postgresql://u:s3@cret@h/d',
      'an "@" where none belongs',
      'In user, password and names write @ as %40, / as %2F and : as %3A.',
    ],
    ['host=u:s3@cret', 'the host contains "@"', 'Write an @ inside a user or password as %40.'],
    ['postgresql://u:s3%cret@h/d', 'a bad percent-encoding in the password', 'Write a % itself as %25.'],
    ['postgresql://u:s3%zz@h/d', 'a bad percent-encoding in the password', 'Write a % itself as %25.'],
    ['postgresql://u:s3 cret@h/d', 'a space in the password', 'Write a space as %20.'],
    ['postgresql://u:s3%00@h/d', 'a NUL byte (%00) in the password', 'PostgreSQL takes no NUL byte in any parameter.'],
    [
      'postgresql://u:s3%ff@h/d',
      'percent-encoded bytes that are not UTF-8 in the password',
      'Encode the value as UTF-8, then each byte as %XX.',
    ],
    ['postgresql://h/d?sslmode', 'parameter 1 after "?" has no "="', 'Write & inside a value as %26.'],
    ['postgresql://h/d?user=a&&port=1', 'parameter 2 after "?" has no "="', 'Write & inside a value as %26.'],
    ['postgresql://h/d?options=-c a=b', 'parameter 1 after "?" has two "="', 'Write = inside a value as %3D.'],
    ['postgresql://[::1/d', 'the "[" of an IPv6 address has no "]"', brackets],
    ['postgresql://[]/d', 'the IPv6 address in brackets is empty', brackets],
    ['postgresql://[::1]z/d', 'after "]" only ":", "/", "?" or "," may follow', brackets],
    ['postgresql://h1,h2,h3/d?port=1,2', '2 ports for 3 hosts', 'Give one port for all hosts, or one for each.'],
    ['host=a,b hostaddr=10.0.0.1', '2 host names for 1 hostaddr value', 'Give each host its hostaddr.'],
    ['hostaddr=localhost', 'hostaddr takes IP addresses only', 'Put host names into host.'],
    ['host=h password=my s3cret', 'missing "=" after password', quote],
    ['s3cret host=h', 'missing "=" at its start', quote],
    ["password='s3cret", 'the quoted value of password has no closing quote', "Inside quotes write ' as \\' and \\ as \\\\."],
    [
      'password=my s3cret=x',
      'unknown parameter after the password',
      "Quote a password with spaces as 'pass word'; in a URL write / as %2F, ? as %3F, & as %26 and @ as %40.",
    ],
    ['host=h sslmod=require', 'unknown parameter "sslmod"', 'Did you mean "sslmode"?'],
    ['postgresql://h/d?database=x', 'unknown parameter "database"', 'Did you mean "dbname"?'],
    ['postgresql://h/d?ApplicationName=x', 'unknown parameter "ApplicationName"', 'Did you mean "application_name"?'],
    [
      'postgresql://h/d?xyzzy=1',
      'unknown parameter "xyzzy"',
      'The parameters are those of libpq: https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS',
    ],
    [
      'postgresql://h/d?schema=public',
      '"schema" is not a parameter of PostgreSQL connections',
      'Take it out of the URL and set DB_SCHEMA, or use options=-c%20search_path=name.',
    ],
    [
      'postgresql://h/d?sslaccept=strict',
      '"sslaccept" is not a parameter of PostgreSQL connections',
      'Use sslmode: require encrypts, verify-full also checks the certificate and the host name.',
    ],
    [
      'postgresql://h/d?ssl=1',
      '"ssl" is not a parameter of PostgreSQL connections',
      'Use sslmode: disable, prefer, require, verify-ca or verify-full; of ssl only ssl=true is read.',
    ],
    [
      'postgresql://h/d?sslmode=no-verify',
      'sslmode has no such value: no-verify',
      'Did you mean "require"? The values are disable, allow, prefer, require, verify-ca, verify-full.',
    ],
    ['postgresql://h/d?sslmode=', 'sslmode is empty', 'The values are disable, allow, prefer, require, verify-ca, verify-full.'],
    ['postgresql://h/d?connect_timeout=5s', 'connect_timeout is not a whole number: 5s', 'undefined'],
  ])('%s', async (text, message, hint) => {
    const answer = await refusal(text);
    expect(answer).toBe(`config.invalid: DATABASE_URL: ${message} / ${hint}`);
    expect(answer).not.toContain('s3');
    expect(answer).not.toContain('cret');
  });
});

it('passes over what concerns only a pool, with a warning for each', async () => {
  const warnings: string[] = [];
  const url = 'postgresql://h/d?connection_limit=5&pgbouncer=true&pool_timeout=2&statement_cache_size=0&uselibpqcompat=true';
  await resolved(url, { onWarning: (message) => warnings.push(message) });
  expect(warnings).toEqual(
    ['connection_limit', 'pgbouncer', 'pool_timeout', 'statement_cache_size', 'uselibpqcompat'].map(
      (name) => `DATABASE_URL: "${name}" is ignored, it concerns a pool and not the connection`,
    ),
  );
});
