import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type pg from 'pg';
import { DbctlError } from '../../../src/core/errors.ts';
import { connect, type ConnectOptions } from '../../../src/runtime/connection/connect.ts';
import { connectionFacts } from '../../../src/runtime/connection/facts.ts';
import type { ConnectionInput } from '../../../src/runtime/connection/resolve.ts';
import { classify } from '../../../src/runtime/sqlstate/classify.ts';
import { freePort, hasPsql, Laboratory, PASSWORD, psql, targetOf, type Server } from './support.ts';

const lab = new Laboratory();
let primary: Server;
let standby: Server;
let readOnly: Server;
/** Answers 57P03 to everybody: a standby that admits no sessions. */
let closed: Server;
let dead = 0;

async function withClient<T>(
  text: string,
  use: (client: pg.Client) => Promise<T>,
  input: Partial<ConnectionInput> = {},
  options: ConnectOptions = {},
): Promise<T> {
  const client = await connect(await targetOf(text, input), options);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function setting(client: pg.Client, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ value: string }>('select pg_catalog.current_setting($1) as value', [name]);
  return rows[0]?.value;
}

async function failure(text: string, input: Partial<ConnectionInput> = {}, options: ConnectOptions = {}): Promise<DbctlError> {
  const answer = await connect(await targetOf(text, input), options).catch((thrown: unknown) => thrown);
  if (answer instanceof DbctlError) return answer;
  throw answer instanceof Error ? answer : new Error('it connected');
}

const told = ({ code, message, hint, sqlstate }: DbctlError): string =>
  `${code}${sqlstate === undefined ? '' : ` ${sqlstate}`}: ${message} / ${hint}`;
const own = { overrides: { password: PASSWORD } };
const url = (server: Server, more = ''): string => `host=127.0.0.1 port=${server.port} user=postgres ${more}`;

beforeAll(async () => {
  const seed = await lab.start();
  await withClient(
    url(seed),
    async (client) => {
      await client.query(
        "create role locked nologin; create role guest login password 'guest'; create role full login connection limit 0 password 'full'",
      );
      await client.query('create database hidden');
      await client.query(
        "revoke connect on database hidden from public; create role trusted login; create role pat login; create role silent login password 'silent'",
      );
    },
    own,
  );
  await seed.stop();
  const hba = [
    'local all all trust',
    'host all trusted,locked,ghost all trust',
    'host all nobody all reject',
    'host all silent all password',
    'host postgres,hidden,nodb all all scram-sha-256',
  ];
  [primary, standby, readOnly, closed] = await Promise.all([
    lab.start({ from: seed.data, hba }),
    lab.start({ from: seed.data, standby: true }),
    lab.start({ from: seed.data, settings: { default_transaction_read_only: 'on' } }),
    lab.start({
      from: seed.data,
      standby: true,
      settings: { hot_standby: 'off' },
      readyWhen: /consistent recovery state|starting up|entering standby/,
    }),
  ]);
  dead = await freePort();
});
afterAll(() => lab.close());

describe('a login', () => {
  it('has the settings it was asked for, and nothing of process.env', async () => {
    Object.assign(process.env, {
      PGAPPNAME: 'leaked',
      PGOPTIONS: '-c work_mem=1234kB',
      PGSSLNEGOTIATION: 'direct',
      PGUSER: 'leaked',
      PGPASSWORD: 'leaked',
    });
    try {
      const startupOptions = { search_path: 'a, "b c"', 'my.text': 'back\\slash and space', statement_timeout: '1234' };
      await withClient(
        url(primary, "options='-c work_mem=5MB -c statement_timeout=1'"),
        async (client) => {
          expect(await setting(client, 'search_path')).toBe('a, "b c"');
          expect(await setting(client, 'my.text')).toBe('back\\slash and space');
          expect(await setting(client, 'work_mem')).toBe('5MB');
          expect(await setting(client, 'statement_timeout')).toBe('1234ms');
          expect(await setting(client, 'application_name')).toBe('dbctl');
          expect(await setting(client, 'client_encoding')).toBe('UTF8');
        },
        own,
        { startupOptions },
      );
      await withClient(url(primary), async (client) => expect(await setting(client, 'work_mem')).toBe('4MB'), own);
    } finally {
      for (const name of ['PGAPPNAME', 'PGOPTIONS', 'PGSSLNEGOTIATION', 'PGUSER', 'PGPASSWORD']) delete process.env[name];
    }
  });

  it('is named by the caller, then by the target', async () => {
    await withClient(
      url(primary, 'application_name=ours'),
      async (client) => expect(await setting(client, 'application_name')).toBe('ours'),
      own,
    );
    const options = { applicationName: 'dbctl verify' };
    await withClient(
      url(primary, 'application_name=ours'),
      async (client) => expect(await setting(client, 'application_name')).toBe('dbctl verify'),
      own,
      options,
    );
  });

  it('tells where it went', async () => {
    await withClient(
      url(primary),
      async (client) => {
        const facts = connectionFacts(client);
        expect(facts).toMatchObject({
          address: { host: '127.0.0.1', port: primary.port },
          remote: { ip: '127.0.0.1', port: primary.port },
          encrypted: false,
          authenticated: true,
          lost: undefined,
        });
        expect(facts?.parameters.get('server_version')).toBe('18.2');
      },
      own,
    );
    await withClient(`host=${primary.folder} port=${primary.port} user=postgres`, async (client) =>
      expect(connectionFacts(client)?.remote).toEqual({ path: `${primary.folder}/.s.PGSQL.${primary.port}` }),
    );
  });

  it('through PGTZ and PGDATESTYLE has what psql has', async () => {
    const variables = { PGTZ: 'Asia/Kolkata', PGDATESTYLE: 'German, DMY', PGOPTIONS: '-c timezone=UTC' };
    const seen = await withClient(
      url(primary),
      async (client) => `${await setting(client, 'TimeZone')} ${await setting(client, 'DateStyle')}`,
      { ...own, variables },
    );
    expect(seen).toBe('Asia/Kolkata German, DMY');
    if (hasPsql) {
      const judged = psql(
        url(primary, 'dbname=postgres'),
        { ...variables, PGPASSWORD: PASSWORD },
        "select current_setting('TimeZone') || ' ' || current_setting('DateStyle')",
      );
      expect(judged.text).toBe(seen);
    }
  });

  it('a NUL byte cannot smuggle a parameter in', async () => {
    const target = await targetOf(url(primary), { overrides: { database: 'postgres\0replication\0database' } });
    await expect(connect(target)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('database holds a NUL byte'),
    });
  });
});

describe('passwords', () => {
  // Each role's password is set from the first text and given as the second; SASLprep makes some of them equal.
  const cases = [
    ['plain', 'plain', true],
    [' leading and trailing ', ' leading and trailing ', true],
    ['käse\u00a0brot', 'käse brot', true],
    ['ﬁne ½ Å', 'fine 1⁄2 Å', true],
    ['soft\u00adhyphen', 'softhyphen', true],
    ['e\u0301clair', 'éclair', true],
    ['🐘🐘', '🐘🐘', true],
    ['quote\' " \\ % : / ? # @ & = ; $ `', 'quote\' " \\ % : / ? # @ & = ; $ `', true],
    ['Case', 'case', false],
    ['trail', 'trail ', false],
  ] as const;

  it.each(cases)('set to %j and given as %j: %s', async (stored, given, works) => {
    await withClient(
      url(primary),
      async (client) => client.query(`alter role pat password ${client.escapeLiteral(stored)}`),
      own,
    );
    const login = `host=127.0.0.1 port=${primary.port} user=pat dbname=postgres`;
    const connected = await withClient(login, async () => true, { overrides: { password: given } }).catch(() => false);
    expect(connected).toBe(works);
    const encoded = `postgresql://pat:${encodeURIComponent(given)}@127.0.0.1:${primary.port}/postgres`;
    expect(await withClient(encoded, async () => true).catch(() => false)).toBe(works);
    if (hasPsql) expect(psql(login, { PGPASSWORD: given }, 'select 1').ok).toBe(works);
  });

  it('with a character newer than Unicode 3.2 and one that SASLprep changes, pg computes another password than libpq', async () => {
    const password = 'ﬁ🐘';
    await withClient(url(primary), async (client) => client.query(`alter role pat password '${password}'`), own);
    const login = `host=127.0.0.1 port=${primary.port} user=pat dbname=postgres`;
    // A gap of pg 8.23: libpq leaves such a password as it is. When this fails, the gap is closed: tell in connect()'s comment.
    expect(await failure(login, { overrides: { password } })).toMatchObject({ code: 'db.denied', sqlstate: '28P01' });
    if (hasPsql) expect(psql(login, { PGPASSWORD: password }, 'select 1').ok).toBe(true);
  });

  it('a password of the file is found by host, and named when it is wrong', async () => {
    const home = lab.home('pgpass');
    writeFileSync(join(home, '.pgpass'), `127.0.0.1:${primary.port}:*:silent:silent\n127.0.0.1:*:*:trusted:x\n*:*:*:*:wrong\n`, {
      mode: 0o600,
    });
    await withClient(
      `host=127.0.0.1 port=${primary.port} user=silent dbname=postgres`,
      async (client) => client.query('select 1'),
      { home },
    );
    expect((await failure(url(primary), { home })).hint).toContain(`The password came from ${home}/.pgpass. Check it`);
  });
});

describe('a login that fails says why, and what to do', () => {
  const name = (server: Server, who = 'postgres', database = who): string => `${who}@127.0.0.1:${server.port}/${database}`;
  it.each([
    [
      'wrong password',
      () => url(primary, 'password=wrong'),
      () =>
        `db.denied 28P01: cannot connect to ${name(primary)}: password authentication failed for user "postgres" / The password came from TEST_URL. Check it, and on the server that role "postgres" has this password and it has not expired (valid until).`,
    ],
    [
      'no password',
      () => url(primary),
      () =>
        `db.denied: cannot connect to ${name(primary)}: the server asks for a password and none was given / Looked for one: the connection string and PGPASSWORD have none; /nonexistent/.pgpass does not exist. Set DB_PASSWORD or PGPASSWORD, or add a line to .pgpass.`,
    ],
    [
      'empty password',
      () => url(primary, "password=''"),
      () =>
        `db.denied: cannot connect to ${name(primary)}: the server asks for a password and none was given / Looked for one: TEST_URL has an empty one; /nonexistent/.pgpass does not exist. Set DB_PASSWORD or PGPASSWORD, or add a line to .pgpass.`,
    ],
    [
      'no database',
      () => `host=127.0.0.1 port=${primary.port} user=trusted dbname=nodb`,
      () =>
        `db.denied 3D000: cannot connect to ${name(primary, 'trusted', 'nodb')}: database "nodb" does not exist / Create it (create database …), or correct the name.`,
    ],
    [
      'no right to connect',
      () => `host=127.0.0.1 port=${primary.port} user=guest dbname=hidden password=guest`,
      () =>
        `db.denied 42501: cannot connect to ${name(primary, 'guest', 'hidden')}: permission denied for database "hidden" / Run: grant connect on database "hidden" to "guest"`,
    ],
    [
      'a role that may not log in',
      () => `host=127.0.0.1 port=${primary.port} user=locked dbname=postgres`,
      () =>
        `db.denied 28000: cannot connect to ${name(primary, 'locked', 'postgres')}: role "locked" is not permitted to log in / Check that the role exists and may log in, and that pg_hba.conf has a line for it. A hostssl line needs TLS: try sslmode=require.`,
    ],
    [
      'no such role',
      () => `host=127.0.0.1 port=${primary.port} user=ghost dbname=postgres`,
      () =>
        `db.denied 28000: cannot connect to ${name(primary, 'ghost', 'postgres')}: role "ghost" does not exist / Check that the role exists and may log in, and that pg_hba.conf has a line for it. A hostssl line needs TLS: try sslmode=require.`,
    ],
    [
      'no line in pg_hba.conf',
      () => `host=127.0.0.1 port=${primary.port} user=guest dbname=template1`,
      () =>
        `db.denied 28000: cannot connect to ${name(primary, 'guest', 'template1')}: no pg_hba.conf entry for host "127.0.0.1", user "guest", database "template1", no encryption / Check that the role exists and may log in, and that pg_hba.conf has a line for it. A hostssl line needs TLS: try sslmode=require.`,
    ],
    [
      'too many connections',
      () => `host=127.0.0.1 port=${primary.port} user=full dbname=postgres password=full`,
      () =>
        `db.resources 53300: cannot connect to ${name(primary, 'full', 'postgres')}: too many connections for role "full" / Close idle sessions (pg_stat_activity shows them), make pools smaller, or raise max_connections.`,
    ],
    [
      'not accepting connections',
      () => url(closed),
      () =>
        `db.unreachable 57P03: cannot connect to ${name(closed)}: the database system is not accepting connections / Wait and try again; a server that recovers after a crash says in its log how far it is.`,
    ],
    [
      'an unknown startup option',
      () => `host=127.0.0.1 port=${primary.port} user=trusted dbname=postgres options='-c nope=1'`,
      () =>
        `db.denied 42704: cannot connect to ${name(primary, 'trusted', 'postgres')}: unrecognized configuration parameter "nope" / A startup option is not taken: check options and PGOPTIONS; PgBouncer needs the name in ignore_startup_parameters.`,
    ],
    [
      'nothing listens',
      () => `host=127.0.0.1 port=${dead} user=postgres`,
      () =>
        `db.unreachable: cannot connect to postgres@127.0.0.1:${dead}/postgres: connection refused / Check that the server runs there, and its port and listen_addresses.`,
    ],
    [
      'no such host',
      () => 'host=db.invalid user=postgres',
      () =>
        `db.unreachable: cannot connect to postgres@db.invalid:5432/postgres: host name "db.invalid" not found / Check the spelling, and this machine's DNS and VPN.`,
    ],
    [
      'no socket',
      () => `host=${lab.folder} user=postgres`,
      () =>
        `db.unreachable: cannot connect to postgres@${lab.folder}:5432/postgres: there is no socket ${lab.folder}/.s.PGSQL.5432 / Check that the server runs and that unix_socket_directories has this folder, or give a host for TCP.`,
    ],
    [
      'a cleartext password that require_auth forbids',
      () => `host=127.0.0.1 port=${primary.port} user=silent dbname=postgres password=silent require_auth=scram-sha-256`,
      () =>
        `db.denied: cannot connect to ${name(primary, 'silent', 'postgres')}: the server wants password authentication, and require_auth is scram-sha-256 / Change the method in pg_hba.conf, or require_auth and channel_binding.`,
    ],
  ])('%s', async (_case, text, expected) => expect(told(await failure(text()))).toBe(expected()));
});

describe('several hosts', () => {
  const list = (servers: readonly (Server | 'dead')[], more = ''): string =>
    `host=${servers.map(() => '127.0.0.1').join(',')} port=${servers.map((server) => (server === 'dead' ? dead : server.port)).join(',')} user=postgres dbname=postgres ${more}`;
  const portOf = async (text: string, options: ConnectOptions = {}): Promise<number | string> =>
    withClient(text, async (client) => connectionFacts(client)?.address.port ?? 0, own, options).catch(
      (error: DbctlError) => error.code,
    );
  const judge = (text: string): number | string => {
    const { ok, text: said } = psql(text, { PGPASSWORD: PASSWORD }, 'select inet_server_port()');
    return ok ? Number(said) : 'refused';
  };

  const CASES: [string, () => (Server | 'dead')[], string, () => Server | DbctlError['code']][] = [
    ['a dead one is passed over', () => ['dead', primary], '', () => primary],
    ['one that admits nobody yet is passed over', () => [closed, primary], '', () => primary],
    ['any takes the first', () => [standby, primary], 'target_session_attrs=any', () => standby],
    ['read-write skips a standby', () => [standby, primary], 'target_session_attrs=read-write', () => primary],
    ['read-write skips a read-only server', () => [readOnly, 'dead', primary], 'target_session_attrs=read-write', () => primary],
    ['read-only takes a standby', () => [primary, standby], 'target_session_attrs=read-only', () => standby],
    ['read-only takes a read-only server', () => [primary, readOnly], 'target_session_attrs=read-only', () => readOnly],
    ['primary skips a standby', () => [standby, primary], 'target_session_attrs=primary', () => primary],
    ['primary takes a read-only server', () => [standby, readOnly], 'target_session_attrs=primary', () => readOnly],
    ['standby skips others', () => [primary, readOnly, standby], 'target_session_attrs=standby', () => standby],
    ['prefer-standby takes a standby', () => [primary, standby], 'target_session_attrs=prefer-standby', () => standby],
    ['prefer-standby takes what there is', () => ['dead', primary], 'target_session_attrs=prefer-standby', () => primary],
    ['read-write finds only standbys', () => [standby, readOnly], 'target_session_attrs=read-write', () => 'db.read-only'],
    ['primary finds none', () => [standby], 'target_session_attrs=primary', () => 'db.read-only'],
    ['standby finds none', () => [primary], 'target_session_attrs=standby', () => 'db.unreachable'],
  ];

  it.each(CASES)('%s', async (_case, servers, more, expected) => {
    const wanted = expected();
    expect(await portOf(list(servers(), more))).toBe(typeof wanted === 'string' ? wanted : wanted.port);
    if (hasPsql) expect(judge(list(servers(), more))).toBe(typeof wanted === 'string' ? 'refused' : wanted.port);
  });

  it('a refused login ends the search, as in libpq', async () => {
    const text = list([primary, standby], 'password=wrong');
    expect(told(await failure(text))).toContain(
      `db.denied 28P01: cannot connect to postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres: password authentication failed`,
    );
    if (hasPsql) expect(psql(text, {}, 'select 1').text.match(/failed/g)).toHaveLength(2);
  });

  it('lists every host with its own reason', async () => {
    const error = await failure(list(['dead', closed, standby], 'target_session_attrs=primary'), own);
    const [a, b, c] = [dead, closed.port, standby.port].map((port) => `127.0.0.1:${port}`);
    expect(error.message).toBe(
      `cannot connect to postgres@${a},${b},${c}/postgres: ${a}: connection refused; ${b}: the database system is not accepting connections; ${c}: the server is a standby`,
    );
    expect(error).toMatchObject({ code: 'db.unreachable', exit: 3 });
  });

  it('random load balancing uses all of them', async () => {
    const ports = new Set<number | string>();
    for (let round = 0; round < 40 && ports.size < 2; round += 1)
      ports.add(await portOf(list([primary, standby], 'load_balance_hosts=random')));
    expect(ports).toEqual(new Set([primary.port, standby.port]));
  });

  it('a session that is to be read-only still counts as read-write for the search', async () => {
    const startupOptions = { default_transaction_read_only: 'on' };
    const text = list([standby, primary], 'target_session_attrs=read-write');
    await withClient(text, async (client) => expect(await setting(client, 'transaction_read_only')).toBe('on'), own, {
      startupOptions,
    });
    expect(await portOf(text, { startupOptions })).toBe(primary.port);
  });
});

describe('what listens there is no PostgreSQL, or worse', () => {
  const servers: NetServer[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  async function fake(onConnection: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => onConnection(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return `host=127.0.0.1 port=${(server.address() as AddressInfo).port} user=u password=s3cret`;
  }
  const message = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const authentication = (kind: number, rest = ''): Buffer => {
    const code = Buffer.alloc(4);
    code.writeInt32BE(kind);
    return message('R', Buffer.concat([code, Buffer.from(rest)]));
  };
  const ready = Buffer.concat([authentication(0), message('Z', Buffer.from('I'))]);

  it.each([
    [
      'a web server',
      'sslmode=prefer',
      (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'what listens there is no PostgreSQL server',
    ],
    [
      'a web server',
      'sslmode=disable',
      (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'what listens there is no PostgreSQL server',
    ],
    [
      'MySQL',
      'sslmode=disable',
      (socket: Socket) => socket.write('J\0\0\0\n8.0.36'),
      'what listens there is no PostgreSQL server',
    ],
    [
      'one that hangs up',
      'sslmode=prefer',
      (socket: Socket) => socket.destroy(),
      'the server closed the connection before the login was done',
    ],
    [
      'one that hangs up',
      'sslmode=disable',
      (socket: Socket) => socket.once('data', () => socket.destroy()),
      'the server closed the connection before the login was done',
    ],
    [
      'data behind the answer to SSLRequest',
      'sslmode=require',
      (socket: Socket) => socket.once('data', () => socket.write(Buffer.concat([Buffer.from('S'), ready]))),
      'unencrypted data came after the answer to the request for TLS',
    ],
    [
      'an error in place of an answer',
      'sslmode=prefer',
      (socket: Socket) => socket.once('data', () => socket.end('EFATAL\0')),
      'the server answered the request for TLS with an error',
    ],
    [
      'TLS that is none',
      'sslmode=require',
      (socket: Socket) =>
        socket.once('data', () => socket.write('S', () => socket.once('data', () => socket.end('nonsense, not TLS')))),
      'TLS could not be agreed: wrong version number',
    ],
    [
      'GSSAPI',
      'sslmode=disable',
      (socket: Socket) => socket.once('data', () => socket.write(authentication(7))),
      'the server wants an authentication method the driver does not know (GSSAPI or SSPI)',
    ],
    [
      'no proof after SCRAM began',
      'sslmode=disable',
      (socket: Socket) =>
        socket.once('data', () =>
          socket.write(authentication(10, 'SCRAM-SHA-256\0\0'), () => socket.once('data', () => socket.write(ready))),
        ),
      'the server ended the SCRAM exchange without proving itself',
    ],
    [
      'no question at all under require_auth',
      'sslmode=disable require_auth=scram-sha-256',
      (socket: Socket) => socket.once('data', () => socket.write(ready)),
      'the server wants no authentication, and require_auth is scram-sha-256',
    ],
  ])('%s with %s', async (_case, more, behave, reason) => {
    const error = await failure(`${await fake(behave)} ${more}`);
    expect(error.message).toMatch(
      new RegExp(`^cannot connect to u@127\\.0\\.0\\.1:\\d+/u: ${reason.replaceAll(/[()]/g, '\\$&')}$`),
    );
    expect(['db.unreachable', 'db.denied']).toContain(error.code);
    expect(JSON.stringify([error.message, error.hint, error.detail, String(error.cause)])).not.toContain('s3cret');
  });

  it('never sends the password where require_auth forbids the way', async () => {
    let received = '';
    const conninfo = await fake((socket) =>
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        socket.write(authentication(3));
      }),
    );
    await failure(`${conninfo} sslmode=disable require_auth=scram-sha-256`);
    await sleep(50);
    expect(received).toContain('user');
    expect(received).not.toContain('s3cret');
  });

  it.each(['sslmode=prefer', 'sslmode=disable', 'sslmode=require sslnegotiation=direct'])(
    'silence ends after connect_timeout, with %s',
    async (more) => {
      const target = await targetOf(`${await fake(() => {})} ${more}`, { overrides: { connectTimeoutMs: 200 } });
      const before = performance.now();
      await expect(connect(target)).rejects.toMatchObject({
        code: 'db.unreachable',
        message: expect.stringMatching(/: no answer within 0\.2 s$/),
      });
      expect(performance.now() - before).toBeLessThan(2000);
    },
  );

  it('silence is passed over for the next host, each with its own time', async () => {
    const silent = /port=(\d+)/.exec(await fake(() => {}))?.[1];
    const target = await targetOf(`host=127.0.0.1,127.0.0.1 port=${silent},${primary.port} user=postgres sslmode=prefer`, {
      overrides: { connectTimeoutMs: 2000, password: PASSWORD },
    });
    const client = await connect(target);
    expect(connectionFacts(client)?.address.port).toBe(primary.port);
    await client.end();
  });

  it('stops at once when the caller does', async () => {
    const controller = new AbortController();
    const opened: Socket[] = [];
    const conninfo = await fake((socket) => opened.push(socket));
    const pending = failure(`${conninfo} sslmode=disable`, {}, { signal: controller.signal });
    while (opened.length === 0) await sleep(5);
    const [socket] = opened;
    const gone = new Promise((resolve) => socket?.once('close', resolve).resume());
    controller.abort();
    expect(await pending).toMatchObject({
      code: 'interrupted',
      exit: 130,
      message: expect.stringContaining('stopped while connecting to u@127.0.0.1'),
    });
    await gone;
    expect(await failure(conninfo, {}, { signal: AbortSignal.abort() })).toMatchObject({ code: 'interrupted' });
  });
});

describe('a connection that is lost', () => {
  it('never ends the process, and every error after it has a meaning', async () => {
    const client = await connect(await targetOf(url(primary), own));
    const { rows } = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
    await withClient(
      url(primary),
      async (admin) => admin.query('select pg_catalog.pg_terminate_backend($1)', [rows[0]?.pid]),
      own,
    );
    while (connectionFacts(client)?.lost === undefined) await sleep(5);
    expect(classify(connectionFacts(client)?.lost).apiCode).toBe('DB_SHUTTING_DOWN');
    const error = await client.query('select 1').catch((thrown: unknown) => thrown);
    expect(classify(error)).toMatchObject({ apiCode: 'DB_CONNECTION_LOST', discardClient: true });
    await client.end().catch(() => {});
  });

  it('when the server is stopped while connected', async () => {
    const server = await lab.start();
    const client = await connect(await targetOf(url(server), own));
    const sleeping = client.query('select pg_catalog.pg_sleep(60)').catch((thrown: unknown) => thrown);
    await server.stop();
    expect(classify(await sleeping).apiCode).toBe('DB_SHUTTING_DOWN');
    rmSync(server.folder, { recursive: true, force: true });
  });
});
