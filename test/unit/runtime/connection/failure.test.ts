import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../../src/core/errors.ts';
import { connectionFailed, type Failure } from '../../../../src/runtime/connection/failure.ts';
import type { ConnectionTarget } from '../../../../src/runtime/connection/target.ts';

const target: ConnectionTarget = {
  hosts: [{ host: 'db', port: 5432 }],
  loadBalance: false,
  database: 'shop',
  user: 'app',
  password: () => Promise.resolve('s3cret'),
  tls: { mode: 'verify-full', systemRoots: false, negotiation: 'postgres', rootCert: '/etc/ca.crt' },
  targetSessionAttrs: 'any',
  applicationName: undefined,
  options: undefined,
  connectTimeoutMs: 5000,
  channelBinding: 'prefer',
};
const running = new AbortController().signal;
const system = (code: string): Error => Object.assign(new Error(`${code} 10.0.0.1`), { code });
const server = (code: string, message = 'said the server'): Error =>
  Object.assign(new Error(message), { code, severity: 'FATAL' });

const failure = (error: unknown, step: Failure['step'] = 'dial', more: Partial<Failure> = {}): Failure => ({
  address: { host: 'db', port: 5432 },
  endpoint: { ip: '10.0.0.1', port: 5432 },
  step,
  encrypted: false,
  error,
  passwordSources: [],
  ...more,
});
const socket: Partial<Failure> = { address: { host: '/run/pg', port: 5432 }, endpoint: { path: '/run/pg/.s.PGSQL.5432' } };

// What no test server does on demand; test/postgres/runtime/connect.test.ts has the rest.
describe('one reason', () => {
  it.each([
    [
      failure(system('EAI_AGAIN'), 'resolve'),
      'db.unreachable',
      'host name "db" could not be looked up',
      "This machine's DNS does not answer; try again.",
    ],
    [
      failure(system('EHOSTUNREACH')),
      'db.unreachable',
      'no route to the host',
      "Check this machine's network and VPN, and the address.",
    ],
    [failure(system('ETIMEDOUT')), 'db.unreachable', 'no answer', 'A firewall may drop the packets, or the machine is down.'],
    [
      failure(system('EACCES'), 'dial', socket),
      'db.unreachable',
      'this user may not use the socket /run/pg/.s.PGSQL.5432',
      'Check unix_socket_permissions and the rights of the folder.',
    ],
    [
      failure(system('ECONNREFUSED'), 'dial', socket),
      'db.unreachable',
      'no server listens on the socket /run/pg/.s.PGSQL.5432',
      'Check that the server runs and that unix_socket_directories has this folder, or give a host for TCP.',
    ],
    [
      failure(new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match'), 'login'),
      'db.denied',
      'the SCRAM exchange failed: the server offers no known mechanism, or does not know the password itself',
      'Something may stand in for the server; connect with sslmode=verify-full.',
    ],
    [
      failure(system('CERT_HAS_EXPIRED'), 'tls'),
      'db.unreachable',
      "the server's certificate has expired",
      "Renew it on the server, and check this machine's clock.",
    ],
    [
      failure(system('CERT_NOT_YET_VALID'), 'tls'),
      'db.unreachable',
      "the server's certificate is not valid yet",
      "Check this machine's clock and the server's.",
    ],
    [
      failure(system('ECONNRESET'), 'tls'),
      'db.unreachable',
      'the server closed the connection during the TLS handshake',
      'It may want a client certificate (sslcert, sslkey) or another TLS version.',
    ],
    [failure(server('53100'), 'login'), 'db.resources', 'said the server', "The server's log says what ran out."],
    [failure(server('57P01'), 'login'), 'db.unreachable', 'said the server', "Look into the server's log."],
    [failure(server('XX000'), 'login'), 'db.unreachable', 'said the server', "Look into the server's log."],
    [
      failure(server('08P01', 'unsupported startup parameter: options'), 'login'),
      'db.denied',
      'unsupported startup parameter: options',
      'A startup option is not taken: check options and PGOPTIONS; PgBouncer needs the name in ignore_startup_parameters.',
    ],
    [
      failure(new Error('lost'), 'attributes'),
      'db.unreachable',
      'the server could not say whether it is a standby',
      "Look into the server's log.",
    ],
    [failure(new Error('something new')), 'db.unreachable', 'something new', 'Check host and port, and what listens there.'],
  ])('%#', (one, code, reason, hint) => {
    const error = connectionFailed(target, [one], running);
    expect(error).toMatchObject({ code, message: `cannot connect to app@db:5432/shop: ${reason}`, hint, detail: undefined });
  });
});

describe('several reasons', () => {
  const hba = server('28000', 'no pg_hba.conf entry, no encryption');

  it('the attempt that got furthest on a host speaks for it; all of them are in the detail', () => {
    const error = connectionFailed(
      target,
      [
        failure(system('ECONNREFUSED'), 'dial', { endpoint: { ip: '::1', port: 5432 } }),
        failure(system('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'),
        failure(hba, 'login'),
      ],
      running,
    );
    expect(error).toMatchObject({
      code: 'db.unreachable',
      sqlstate: undefined,
      message: "cannot connect to app@db:5432/shop: the server's certificate is not signed by an authority in /etc/ca.crt",
    });
    expect(error.detail).toBe(
      "db:5432 (::1): connection refused\ndb:5432 (10.0.0.1) with TLS: the server's certificate is not signed by an authority in /etc/ca.crt\ndb:5432 (10.0.0.1) without TLS: no pg_hba.conf entry, no encryption",
    );
  });

  it('an answer counts more than silence', () => {
    const other: Partial<Failure> = { address: { host: 'b', port: 5433 } };
    const error = connectionFailed(target, [failure(system('ECONNREFUSED')), failure(hba, 'login', other)], running);
    expect(error).toMatchObject({
      code: 'db.denied',
      sqlstate: '28000',
      message: 'cannot connect to app@db:5432/shop: db:5432: connection refused; b:5433: no pg_hba.conf entry, no encryption',
    });
  });

  it('only standbys is an answer of its own, unless somebody was silent', () => {
    const wanted = { ...target, targetSessionAttrs: 'primary' as const };
    const standby = failure('the server is a standby', 'attributes');
    const dead = failure(system('ECONNREFUSED'), 'dial', { address: { host: 'b', port: 5432 } });
    expect(connectionFailed(wanted, [standby], running).code).toBe('db.read-only');
    expect(connectionFailed(wanted, [standby, dead], running).code).toBe('db.unreachable');
  });
});

it('a target without hosts, and a caller who stopped', () => {
  expect(connectionFailed({ ...target, hosts: [] }, [], running).message).toBe(
    'cannot connect to app@/shop: there is no host to try',
  );
  const stopped = connectionFailed(target, [failure(system('ECONNREFUSED'))], AbortSignal.abort());
  expect(stopped).toBeInstanceOf(DbctlError);
  expect(stopped).toMatchObject({ code: 'interrupted', message: 'stopped while connecting to app@db:5432/shop' });
});
