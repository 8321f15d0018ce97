import { expect, it } from 'vitest';
import type { PeerCertificate } from 'node:tls';
import { hostMismatch } from '../../../../src/runtime/connection/certificate.ts';
import { describeTarget } from '../../../../src/runtime/connection/describe.ts';
import { startupOptions } from '../../../../src/runtime/connection/startup-options.ts';
import { suggest } from '../../../../src/core/suggest.ts';
import { encryptionsFor } from '../../../../src/runtime/connection/tls.ts';
import { SSL_MODES } from '../../../../src/runtime/connection/target.ts';

it.each([
  ['sslmod', 'sslmode'],
  ['hots', 'host'],
  ['PORT', 'port'],
  ['applicaton_name', 'application_name'],
  ['xyzzy', undefined],
  ['', undefined],
])('%j most likely means %j', (word, expected) =>
  expect(suggest(word, ['host', 'port', 'sslmode', 'application_name'])).toBe(expected),
);

it('describes a target without its password', () => {
  const hosts = [
    { host: 'h', port: 1 },
    { host: '::1', port: 2 },
    { host: '/run', port: 3 },
    { host: 'n', address: '10.0.0.1', port: 4 },
  ];
  expect(describeTarget({ hosts, user: 'app', database: 'shop' })).toBe('app@h:1,[::1]:2,/run:3,n:4/shop');
});

it('writes startup options that the server splits again', () => {
  expect(startupOptions({ search_path: 'a, "b c"', 'my.setting': 'back\\slash', empty: '' })).toBe(
    '-c search_path=a,\\ "b\\ c" -c my.setting=back\\\\slash -c empty=',
  );
  expect(() => startupOptions({ 'work_mem=1 -c x': '1' })).toThrow('"work_mem=1 -c x" is not the name of a server setting');
});

it('each sslmode makes the attempts of libpq', () => {
  expect(SSL_MODES.map((mode) => [mode, encryptionsFor(mode)])).toEqual([
    ['disable', ['plain']],
    ['allow', ['plain', 'tls']],
    ['prefer', ['tls-or-plain', 'plain']],
    ['require', ['tls']],
    ['verify-ca', ['tls']],
    ['verify-full', ['tls']],
  ]);
});

// The rules of fe-secure-common.c; IP addresses need a real certificate and are tried in test/postgres/runtime/tls.test.ts.
it.each([
  ['DNS:db.example.com', 'x', 'db.example.com', undefined],
  ['DNS:DB.Example.com', 'x', 'db.eXample.com', undefined],
  ['DNS:*.example.com', 'x', 'db.example.com', undefined],
  ['DNS:*.example.com', 'x', 'a.db.example.com', 'it is for "*.example.com"'],
  ['DNS:*.example.com', 'x', 'example.com', 'it is for "*.example.com"'],
  ['DNS:d*.example.com', 'x', 'db.example.com', 'it is for "d*.example.com"'],
  ['DNS:a, DNS:b', 'x', 'b', undefined],
  ['DNS:a, DNS:b', 'x', 'c', 'it is for "a" and 1 more'],
  ['DNS:a', 'db', 'db', 'it is for "a"'],
  ['', 'db', 'db', undefined],
  ['IP Address:10.0.0.1', 'db', 'db', undefined],
  ['email:db', 'x', 'db', 'it is for "db"'],
  ['DNS:"evil, DNS:db"', 'x', 'db', 'it is for "evil, DNS:db"'],
  ['', '', 'db', 'it is for ""'],
])('certificate %j with common name %j for %s: %j', (subjectaltname, CN, host, expected) => {
  expect(hostMismatch({ subjectaltname, subject: { CN } } as unknown as PeerCertificate, host)).toBe(expected);
});
