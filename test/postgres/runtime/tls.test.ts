import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import type { DbctlError } from '../../../src/core/errors.ts';
import { connect } from '../../../src/runtime/connection/connect.ts';
import { connectionFacts } from '../../../src/runtime/connection/facts.ts';
import type { ConnectionInput } from '../../../src/runtime/connection/resolve.ts';
import { SSL_MODES } from '../../../src/runtime/connection/target.ts';
import { tlsOptions } from '../../../src/runtime/connection/tls.ts';
import { Authority, hasOpenssl, hasPsql, Laboratory, openssl, PASSWORD, psql, targetOf, type Server } from './support.ts';

type Outcome = 'tls' | 'plain' | 'refused';
const WHETHER_TLS = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

async function outcome(conninfo: string, input: Partial<ConnectionInput> = {}): Promise<Outcome> {
  const client = await targetOf(conninfo, input)
    .then(connect, () => undefined)
    .catch(() => undefined);
  if (client === undefined) return 'refused';
  try {
    const { rows } = await client.query<{ ssl: boolean }>(WHETHER_TLS);
    expect(connectionFacts(client)?.encrypted).toBe(rows[0]?.ssl);
    return rows[0]?.ssl === true ? 'tls' : 'plain';
  } finally {
    await client.end();
  }
}

function judged(conninfo: string, variables: Record<string, string> = {}): Outcome {
  const { ok, text } = psql(conninfo, { HOME: '/nonexistent', PGPASSWORD: PASSWORD, ...variables }, WHETHER_TLS);
  return ok ? (text === 't' ? 'tls' : 'plain') : 'refused';
}

async function failure(conninfo: string, input: Partial<ConnectionInput> = {}): Promise<string> {
  const error = await targetOf(conninfo, input)
    .then(connect)
    .then(
      () => new Error('it connected'),
      (thrown: unknown) => thrown as DbctlError,
    );
  return 'hint' in error ? `${error.code}: ${error.message} / ${error.hint}` : String(error);
}

const KINDS = ['without TLS', 'self-signed', 'right name', 'wrong name'] as const;
type Kind = (typeof KINDS)[number];

/** In the order of SSL_MODES: t TLS, p plaintext, - refused. */
const WITHOUT_ROOT: Record<Kind, string> = {
  'without TLS': 'ppp---',
  'self-signed': 'pptt--',
  'right name': 'pptt--',
  'wrong name': 'pptt--',
};
const WITH_ROOT: Record<Kind, string> = {
  'without TLS': 'ppp---',
  'self-signed': 'ppp---',
  'right name': 'pptttt',
  'wrong name': 'ppttt-',
};
const LETTERS: Record<string, Outcome> = { t: 'tls', p: 'plain', '-': 'refused' };

describe.skipIf(!hasOpenssl)('TLS as libpq means it (skipped where openssl is missing: it makes the certificates)', () => {
  const lab = new Laboratory();
  const servers = new Map<Kind, Server>();
  let authority: Authority;
  const withPassword = { overrides: { password: PASSWORD } };
  const to = (kind: Kind, more: string): string =>
    `host=localhost port=${servers.get(kind)?.port} user=postgres dbname=postgres ${more}`;

  beforeAll(async () => {
    authority = new Authority(lab.folder);
    const clientCa = { ssl_ca_file: 'clients.crt' };
    const hba = [
      'local all all trust',
      'hostssl all certified all cert',
      'hostssl all onlytls all trust',
      'hostnossl all onlyplain all trust',
      'host all all all scram-sha-256',
    ];
    servers.set('without TLS', await lab.start({}));
    servers.set('self-signed', await lab.start({ certificate: authority.selfSigned('localhost') }));
    servers.set('wrong name', await lab.start({ certificate: authority.issue('wrong', ['DNS:wrong.example.com']) }));
    servers.set(
      'right name',
      await lab.start({
        certificate: authority.issue('right', ['DNS:localhost', 'DNS:db.example.com', 'DNS:*.wild.example.com', 'IP:127.0.0.1']),
        settings: clientCa,
        clientAuthority: authority.cert,
        hba,
      }),
    );
    const { port = 0 } = servers.get('right name') ?? {};
    const admin = await connect(await targetOf(`host=localhost port=${port} user=postgres sslmode=disable`, withPassword));
    await admin.query('create role certified login; create role onlytls login; create role onlyplain login');
    await admin.end();
  });
  afterAll(() => lab.close());

  describe.each([
    ['no root certificate', '', WITHOUT_ROOT],
    ['a root certificate', 'sslrootcert=CA', WITH_ROOT],
  ])('with %s', (_name, root, table) => {
    describe.each(KINDS)('a server %s', (kind) => {
      it.each(SSL_MODES.map((mode, index) => [mode, LETTERS[table[kind][index] ?? '']] as const))(
        'sslmode=%s is %s',
        async (mode, expected) => {
          const conninfo = to(kind, `sslmode=${mode} ${root.replace('CA', authority.cert)}`);
          expect(await outcome(conninfo, withPassword)).toBe(expected);
          if (hasPsql) expect(judged(conninfo)).toBe(expected);
        },
      );
    });
  });

  it.each([
    ['user=onlytls sslmode=allow', 'tls'],
    ['user=onlyplain sslmode=prefer', 'plain'],
    ['user=onlyplain sslmode=require', 'refused'],
    ['host=127.0.0.1 sslmode=verify-full ROOT', 'tls'],
    ['host=db.example.com hostaddr=127.0.0.1 sslmode=verify-full ROOT', 'tls'],
    ['host=DB.example.COM hostaddr=127.0.0.1 sslmode=verify-full ROOT', 'tls'],
    ['host=a.wild.example.com hostaddr=127.0.0.1 sslmode=verify-full ROOT', 'tls'],
    ['host=a.b.wild.example.com hostaddr=127.0.0.1 sslmode=verify-full ROOT', 'refused'],
    ['host=other.example.com hostaddr=127.0.0.1 sslmode=verify-full ROOT', 'refused'],
    ['host=other.example.com hostaddr=127.0.0.1 sslmode=verify-ca ROOT', 'tls'],
    ['sslmode=require sslnegotiation=direct', 'tls'],
    ['sslmode=verify-full sslnegotiation=direct ROOT', 'tls'],
    ['sslrootcert=/nonexistent/ca.crt sslmode=require', 'tls'],
    ['sslrootcert=/nonexistent/ca.crt sslmode=verify-ca', 'refused'],
    ['ssl_max_protocol_version=TLSv1.2 sslmode=require', 'tls'],
    ['channel_binding=require sslmode=require', 'tls'],
    ['channel_binding=require sslmode=disable', 'refused'],
    ['channel_binding=disable sslmode=require', 'tls'],
    ['require_auth=scram-sha-256 sslmode=require', 'tls'],
    ['require_auth=md5,password sslmode=require', 'refused'],
    ['require_auth=!scram-sha-256 sslmode=require', 'refused'],
    ['user=onlytls require_auth=none sslmode=require', 'tls'],
    ['user=onlytls require_auth=!none sslmode=require', 'refused'],
    ['user=onlytls require_auth=scram-sha-256 sslmode=require', 'refused'],
    ['user=onlytls channel_binding=require sslmode=require', 'refused'],
  ] as const)('%s is %s', async (more, expected) => {
    const conninfo = to('right name', more.replace('ROOT', `sslrootcert=${authority.cert}`));
    expect(await outcome(conninfo, withPassword)).toBe(expected);
    if (hasPsql) expect(judged(conninfo)).toBe(expected);
  });

  it('sslrootcert=system takes SSL_CERT_FILE and verifies everything', async () => {
    const variables = { SSL_CERT_FILE: authority.cert };
    for (const [kind, expected] of [
      ['right name', 'tls'],
      ['wrong name', 'refused'],
      ['self-signed', 'refused'],
    ] as const) {
      expect(await outcome(to(kind, 'sslrootcert=system'), { ...withPassword, variables })).toBe(expected);
      if (hasPsql) expect(judged(to(kind, 'sslrootcert=system'), variables)).toBe(expected);
    }
  });

  it("the options serve as pg's ssl too", async () => {
    const target = await targetOf(to('right name', `sslmode=verify-full sslrootcert=${authority.cert}`));
    const [address] = target.hosts;
    if (address === undefined) throw new Error('no host');
    const ssl = await tlsOptions(target.tls, address, target.tlsDetails);
    const client = new pg.Client({
      host: address.host,
      port: address.port,
      user: 'postgres',
      database: 'postgres',
      password: PASSWORD,
      ssl,
    });
    await client.connect();
    expect((await client.query<{ ssl: boolean }>(WHETHER_TLS)).rows).toEqual([{ ssl: true }]);
    await client.end();
  });

  it('a Unix socket never has TLS, whatever the mode', async () => {
    const { folder = '', port } = servers.get('right name') ?? {};
    expect(await outcome(`host=${folder} port=${port} user=postgres sslmode=verify-full`)).toBe('plain');
  });

  it('without a root certificate ~/.postgresql/root.crt decides, with one, require verifies', async () => {
    const folder = lab.home('with-root');
    copyFileSync(authority.cert, join(folder, '.postgresql/root.crt'));
    for (const [kind, mode, expected] of [
      ['right name', 'verify-full', 'tls'],
      ['self-signed', 'require', 'refused'],
      ['self-signed', 'prefer', 'plain'],
    ] as const) {
      expect(await outcome(to(kind, `sslmode=${mode}`), { ...withPassword, home: folder })).toBe(expected);
      if (hasPsql) expect(judged(to(kind, `sslmode=${mode}`), { HOME: folder })).toBe(expected);
    }
  });

  describe('client certificates', () => {
    const client = (key: string): string =>
      to('right name', `user=certified sslmode=require sslcert=${join(lab.folder, 'certified.crt')} sslkey=${key}`);
    const key = (name: string): string => join(lab.folder, `certified.${name}`);
    beforeAll(() => {
      authority.issue('certified', []);
      chmodSync(key('key'), 0o600);
      openssl(['pkcs8', '-topk8', '-in', key('key'), '-out', key('der'), '-outform', 'DER', '-nocrypt']);
      openssl(['pkcs8', '-topk8', '-in', key('key'), '-out', key('locked'), '-passout', 'pass:opensesame']);
      for (const [name, mode] of [
        ['der', 0o600],
        ['locked', 0o600],
        ['open', 0o644],
        ['group', 0o640],
        ['broken', 0o600],
      ] as const) {
        if (mode !== 0o600) copyFileSync(key('key'), key(name));
        if (name === 'broken') writeFileSync(key(name), 'no key');
        chmodSync(key(name), mode);
      }
    });

    it.each([
      ['key', '', 'tls'],
      ['der', '', 'tls'],
      ['locked', 'sslpassword=opensesame', 'tls'],
      ['locked', 'sslpassword=wrong', 'refused'],
      ['open', '', 'refused'],
      ['broken', '', 'refused'],
      ['missing', '', 'refused'],
    ] as const)('with its key as %s %s: %s', async (name, more, expected) => {
      expect(await outcome(`${client(key(name))} ${more}`)).toBe(expected);
      if (hasPsql) expect(judged(`${client(key(name))} ${more}`)).toBe(expected);
    });

    it('the message says what to do about the key', async () => {
      const cannot = (code: string, reason: string, hint: string): string =>
        `${code}: cannot connect to certified@localhost:${servers.get('right name')?.port}/postgres: ${reason} / ${hint}`;
      expect(await failure(client(key('open')))).toBe(
        cannot(
          'secret.exposed',
          `private key ${key('open')} can be read by others (mode 0644)`,
          `Run chmod 0600 ${key('open')}; a key owned by root may have 0640.`,
        ),
      );
      expect(await failure(client(key('locked')))).toBe(
        cannot('config.invalid', `private key ${key('locked')} cannot be decrypted`, 'Give its passphrase in sslpassword.'),
      );
      expect(await failure(client(key('broken')))).toBe(
        cannot(
          'config.invalid',
          `private key ${key('broken')} cannot be parsed`,
          'It must be an RSA, EC or Ed25519 key in PEM or DER format.',
        ),
      );
      expect(await failure(client(key('missing')))).toBe(
        cannot(
          'config.invalid',
          `there is a client certificate, but its private key ${key('missing')} cannot be read`,
          'Name the key in sslkey.',
        ),
      );
      expect(await failure(client(join(lab.folder, 'wrong.key')))).toMatch(
        /^config\.invalid: cannot connect to .*: TLS cannot be set up from .*certified\.crt, .*wrong\.key: .*key values mismatch \/ Check that/,
      );
    });
  });

  it('direct TLS to a server that does not say it speaks PostgreSQL is refused', async () => {
    const { cert, key } = { cert: join(lab.folder, 'right.crt'), key: join(lab.folder, 'right.key') };
    const other = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => socket.on('error', () => {}));
    other.listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const conninfo = `host=localhost hostaddr=127.0.0.1 port=${port} user=u sslmode=require sslnegotiation=direct`;
    expect(await failure(conninfo)).toContain(
      'the server did not agree on PostgreSQL as the protocol inside TLS (ALPN) / PostgreSQL 17 and newer can',
    );
    if (hasPsql) expect(judged(conninfo)).toBe('refused');
    other.close();
  });

  it('a server that falls silent after the TLS handshake is given up after connect_timeout', async () => {
    const [cert, key] = ['right.crt', 'right.key'].map((name) => readFileSync(join(lab.folder, name)));
    const silent = createTlsServer({ cert, key, ALPNProtocols: ['postgresql'] }, (socket) =>
      socket.on('error', () => {}).resume(),
    );
    silent.listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const conninfo = `host=localhost hostaddr=127.0.0.1 port=${port} user=u sslmode=require sslnegotiation=direct`;
    expect(await failure(conninfo, { overrides: { connectTimeoutMs: 300 } })).toContain(': no answer within 0.3 s / ');
    await new Promise((resolve) => silent.close(resolve));
  });

  it('a revoked certificate is refused', async () => {
    const list = authority.revoke('right');
    const conninfo = to('right name', `sslmode=verify-full sslrootcert=${authority.cert} sslcrl=${list}`);
    expect(await outcome(conninfo, withPassword)).toBe('refused');
    if (hasPsql) expect(judged(conninfo)).toBe('refused');
    expect(await failure(conninfo, withPassword)).toContain("the server's certificate was revoked / Do not connect");
  });

  it.each([
    [
      'without TLS',
      'sslmode=require',
      'the server does not offer TLS, and sslmode is require / Set ssl = on on the server; sslmode=disable only where nobody can listen.',
    ],
    [
      'self-signed',
      'sslmode=verify-ca ROOT',
      "the server's certificate is not signed by an authority in CA / Put the certificate of its authority there, or name the right file in sslrootcert.",
    ],
    [
      'wrong name',
      'sslmode=verify-full ROOT',
      'the server\'s certificate does not fit the host name "localhost": it is for "wrong.example.com" / Connect with a name the certificate has; with hostaddr the name stays in host.',
    ],
  ] as const)('a server %s and %s: %s', async (kind, more, message) => {
    const answer = await failure(to(kind, more.replace('ROOT', `sslrootcert=${authority.cert}`)), withPassword);
    expect(answer).toBe(
      `db.unreachable: cannot connect to postgres@localhost:${servers.get(kind)?.port}/postgres: ${message.replace('CA', authority.cert)}`,
    );
  });

  it('prefer lists both attempts when both fail', async () => {
    const target = await targetOf(to('right name', 'password=wrong'));
    const error = await connect(target).catch((thrown: unknown) => thrown as DbctlError);
    const said = 'password authentication failed for user "postgres"';
    const { port } = servers.get('right name') ?? {};
    expect(error).toMatchObject({
      code: 'db.denied',
      sqlstate: '28P01',
      message: `cannot connect to postgres@localhost:${port}/postgres: ${said}`,
    });
    expect((error as DbctlError).detail).toMatch(new RegExp(`with TLS: ${said}\n.* without TLS: ${said}$`));
  });
});
