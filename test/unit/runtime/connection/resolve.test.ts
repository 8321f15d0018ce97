import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { home, refusal, resolved } from './support.ts';

describe('precedence', () => {
  const files = {
    '.pg_service.conf': '# ours\n[prod]\nhost=service\nport=6000\nuser=service\ndbname=service\n\n[other]\nhost=other\n',
  };
  const variables = { PGSERVICE: 'prod', PGHOST: 'variable', PGPORT: '7000', PGUSER: 'variable', PGAPPNAME: 'variable' };

  it('is connection string, service, variables, defaults', async () => {
    const target = await resolved('postgresql://text', { variables, home: home(files) });
    expect(target).toMatchObject({
      hosts: [{ host: 'text', port: 6000 }],
      user: 'service',
      database: 'service',
      applicationName: 'variable',
    });
  });

  it('overrides stand above all of it, empty ones nowhere', async () => {
    const overrides = {
      user: 'own',
      database: 'mine',
      applicationName: 'app',
      sslMode: 'verify-ca',
      connectTimeoutMs: 1500,
      password: 'pw',
    } as const;
    const target = await resolved('postgresql://u:p@h/d?connect_timeout=9', { variables, home: home(files), overrides });
    expect(target).toMatchObject({
      user: 'own',
      database: 'mine',
      applicationName: 'app',
      connectTimeoutMs: 1500,
      tls: { mode: 'verify-ca' },
    });
    expect(await target.password({ host: 'h', port: 5432 })).toBe('pw');
    const empty = await resolved('postgresql://u:p@h/d', {
      overrides: { user: '', database: '', applicationName: '', password: '' },
    });
    expect(empty).toMatchObject({ user: 'u', database: 'd', applicationName: undefined });
    expect(await empty.password({ host: 'h', port: 5432 })).toBe('p');
  });

  it('without anything is the local socket, the system user and a database of that name', async () => {
    const target = await resolved(undefined);
    expect(target).toMatchObject({
      user: 'ada',
      database: 'ada',
      loadBalance: false,
      targetSessionAttrs: 'any',
      connectTimeoutMs: 0,
      channelBinding: 'prefer',
      options: undefined,
      applicationName: undefined,
      tls: { mode: 'prefer', systemRoots: false, negotiation: 'postgres' },
      keepAlive: { enabled: true, idleMs: 10_000 },
    });
    expect(target.hosts).toHaveLength(1);
    expect(target.hosts[0]?.host).toMatch(/^\/(var\/run\/postgresql|run\/postgresql|tmp)$|^localhost$/);
    expect(target.hosts[0]?.port).toBe(5432);
  });

  it('an unknown database name falls back to the user, an empty variable to the default', async () => {
    expect(await resolved('user=bob host=h', { variables: { PGPORT: '', PGDATABASE: '' } })).toMatchObject({
      database: 'bob',
      hosts: [{ host: 'h', port: 5432 }],
    });
    expect(await resolved('postgresql://h', { variables: { PGDATABASE: 'v' } })).toMatchObject({ database: 'v' });
  });

  it('names the variable that is wrong', async () => {
    expect(await refusal(undefined, { variables: { PGPORT: 'x' } })).toContain(
      'config.invalid: PGPORT: the port is not a number',
    );
    expect(await refusal(undefined, { variables: { PGSSLMODE: '' } })).toContain('config.invalid: PGSSLMODE: sslmode is empty');
    expect(await refusal(undefined, { variables: { PGTARGETSESSIONATTRS: 'readwrite' } })).toContain(
      'Did you mean "read-write"?',
    );
  });
});

describe('hosts', () => {
  it.each([
    [
      'postgresql://h1:1,[::1],%2Frun:3/d',
      [
        { host: 'h1', port: 1 },
        { host: '::1', port: 5432 },
        { host: '/run', port: 3 },
      ],
    ],
    [
      'host=a,b port=6000',
      [
        { host: 'a', port: 6000 },
        { host: 'b', port: 6000 },
      ],
    ],
    [
      'host=a,b port=6000,',
      [
        { host: 'a', port: 6000 },
        { host: 'b', port: 5432 },
      ],
    ],
    ['host=a hostaddr=10.0.0.1', [{ host: 'a', address: '10.0.0.1', port: 5432 }]],
    [
      'hostaddr=10.0.0.1,::1',
      [
        { host: '10.0.0.1', port: 5432 },
        { host: '::1', port: 5432 },
      ],
    ],
    [
      'host=a,b hostaddr=10.0.0.1,',
      [
        { host: 'a', address: '10.0.0.1', port: 5432 },
        { host: 'b', port: 5432 },
      ],
    ],
  ])('%s', async (text, hosts) => expect((await resolved(text)).hosts).toEqual(hosts));
});

describe('services', () => {
  const at = (text: string): string => home({ '.pg_service.conf': text });

  it('a service is looked for in the own file, then in the system one', async () => {
    const folder = home({ '.pg_service.conf': '[a]\nhost=own\n', 'etc/pg_service.conf': '[b]\nhost=system\n[a]\nhost=no\n' });
    const variables = { PGSYSCONFDIR: `${folder}/etc` };
    expect(await resolved('service=a', { home: folder, variables })).toMatchObject({ hosts: [{ host: 'own' }] });
    expect(await resolved('service=b', { home: folder, variables })).toMatchObject({ hosts: [{ host: 'system' }] });
    const own = { PGSERVICEFILE: `${folder}/etc/pg_service.conf`, PGSYSCONFDIR: '/nonexistent' };
    expect(await resolved('service=b', { home: folder, variables: own })).toMatchObject({ hosts: [{ host: 'system' }] });
    expect(await resolved(`service=b servicefile=${folder}/etc/pg_service.conf`, { home: folder })).toMatchObject({
      hosts: [{ host: 'system' }],
    });
  });

  it('the first value of a parameter and the first section of a name count', async () => {
    const folder = at('[a]\nhost=1\nhost=2\n[a]\nport=3\n');
    expect(await resolved('service=a', { home: folder })).toMatchObject({ hosts: [{ host: '1', port: 5432 }] });
  });

  it('blanks around a line go, blanks around "=" stay', async () => {
    const folder = at('  [a]  \r\n  user=bob  \r\ndbname= x\n');
    expect(await resolved('service=a', { home: folder })).toMatchObject({ user: 'bob', database: ' x' });
  });

  it.each([
    ['[a]\nhost', 'service "a" in FILE:2: missing "=" / Write name=value, without blanks around "=".'],
    ['\n[a]\nhots=x', 'service "a" in FILE:3: unknown parameter "hots" / Did you mean "host"?'],
    ['[a]\nservice=b', 'service "a" in FILE:2: a service cannot name another one / undefined'],
    ['[a]\nldap://x', 'service "a" in FILE:2: LDAP look-up of services is not supported / undefined'],
    [`[a]\nhost=${'x'.repeat(1020)}`, 'FILE:2: the line is longer than 1022 bytes / undefined'],
    [
      '[b]\nhost=x',
      'service "a" is not defined: not in FILE / Add a section [a] to ~/.pg_service.conf, or name another file in PGSERVICEFILE.',
    ],
  ])('%j', async (text, message) => {
    const folder = at(text);
    const answer = await refusal('service=a', { home: folder, variables: { PGSYSCONFDIR: '/nonexistent' } });
    expect(answer.replaceAll(`${folder}/.pg_service.conf`, 'FILE')).toBe(`config.invalid: ${message}`);
  });

  it('no file at all, and a named one that is not there', async () => {
    const nowhere = { PGSYSCONFDIR: '/nonexistent' };
    expect(await refusal('service=a', { variables: nowhere })).toContain('service "a" is not defined: there is no service file');
    expect(await refusal('service=a', { variables: { ...nowhere, PGSERVICEFILE: '/nonexistent/x' } })).toContain(
      'service file /nonexistent/x does not exist',
    );
  });
});

describe('what cannot be honoured is refused, what is only tuning is passed over', () => {
  it.each([
    [
      'requirepeer=postgres',
      'requirepeer is not supported / Node cannot see who owns the other end of a Unix socket; use a socket folder that only the server can write.',
    ],
    ['gssencmode=require', 'gssencmode is not supported / The driver knows no GSSAPI; use TLS with sslmode=verify-full.'],
    ['gssencmode=on', 'gssencmode has no such value: on / The values are disable, prefer, require.'],
    ['replication=database', 'replication is not supported / Replication connections are made by the tools that stream WAL.'],
    ['min_protocol_version=3.2', 'min_protocol_version is not supported / The driver speaks protocol 3.0 only.'],
    ['scram_client_key=eA==', 'scram_client_key is not supported / Use password, passfile or PGPASSWORD.'],
    [
      'oauth_issuer=https://x',
      'oauth_issuer is not supported / The driver knows no OAuth; use a password, scram-sha-256 or a client certificate.',
    ],
    ['sslkeylogfile=/tmp/x', 'sslkeylogfile is not supported / Writing TLS keys to a file is for debugging libpq.'],
    [
      'client_encoding=LATIN1',
      'client_encoding is not supported with this value / The driver always speaks UTF8; the server converts.',
    ],
    [
      'sslcertmode=require',
      'sslcertmode=require is not supported / Node cannot tell whether the server asked for the certificate; let pg_hba.conf require it: clientcert=verify-full.',
    ],
    [
      'require_auth=gss,oauth',
      'require_auth leaves only methods that dbctl cannot do / It can do password, md5, scram-sha-256, none.',
    ],
    [
      'require_auth=scram',
      'require_auth names an unknown method / The methods are password, md5, gss, sspi, scram-sha-256, oauth, none.',
    ],
    ['require_auth=md5,!password', 'require_auth mixes methods with and without "!" / Negate all of them or none.'],
    ['require_auth=md5,md5', 'require_auth names a method twice / Each method stands once.'],
    [
      'sslmode=prefer sslnegotiation=direct',
      'sslnegotiation=direct does not go with sslmode prefer / Use require, verify-ca or verify-full, or take sslnegotiation out.',
    ],
    [
      'sslmode=require sslrootcert=system',
      'sslrootcert=system does not go with sslmode require / Any public authority would vouch for any server: use verify-full, or name the file of your own authority.',
    ],
    [
      'ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2',
      'TLS is to be at least TLSv1.3 and at most TLSv1.2 / undefined',
    ],
    [
      'ssl_min_protocol_version=SSLv3',
      'ssl_min_protocol_version has no such value: SSLv3 / The values are TLSv1, TLSv1.1, TLSv1.2, TLSv1.3.',
    ],
    [
      'target_session_attrs=master',
      'target_session_attrs has no such value: master / The values are any, read-write, read-only, primary, standby, prefer-standby.',
    ],
    ['load_balance_hosts=yes', 'load_balance_hosts has no such value: yes / The values are disable, random.'],
    [
      'channel_binding=required',
      'channel_binding has no such value: required / Did you mean "require"? The values are prefer, disable, require.',
    ],
    ['keepalives=on', 'keepalives is not a whole number: on / undefined'],
    ['connect_timeout=99999999999', 'connect_timeout is not a whole number: 99999999999 / undefined'],
  ])('%s', async (text, message) => expect(await refusal(text)).toBe(`config.invalid: DATABASE_URL: ${message}`));

  it.each([
    'requirepeer=',
    'gssencmode=prefer',
    'gssencmode=disable',
    'replication=off',
    'client_encoding=UTF8',
    'client_encoding=utf-8',
    'min_protocol_version=3.0',
    'sslkeylogfile=',
    'krbsrvname=x',
    'sslcompression=0',
  ])('takes %s', async (text) => expect((await resolved(text)).user).toBe('ada'));

  it('warns of tuning it cannot do', async () => {
    const warnings: string[] = [];
    await resolved('keepalives_interval=5 keepalives_count=3 tcp_user_timeout=1000', {
      onWarning: (message) => warnings.push(message),
    });
    expect(warnings).toEqual(
      ['keepalives_interval', 'keepalives_count', 'tcp_user_timeout'].map(
        (name) => `DATABASE_URL: ${name} is ignored, Node sends keepalive probes every second, 10 of them`,
      ),
    );
  });
});

describe('values', () => {
  it.each([
    ['connect_timeout=10', { connectTimeoutMs: 10_000 }],
    ['connect_timeout=-1', { connectTimeoutMs: 0 }],
    ["connect_timeout=' 2 '", { connectTimeoutMs: 2000 }],
    ['keepalives=0', { keepAlive: { enabled: false, idleMs: 10_000 } }],
    ['keepalives_idle=30', { keepAlive: { enabled: true, idleMs: 30_000 } }],
    ['load_balance_hosts=random', { loadBalance: true }],
    ['fallback_application_name=f', { applicationName: 'f' }],
    ['fallback_application_name=f application_name=a', { applicationName: 'a' }],
    [
      'require_auth=scram-sha-256,none',
      { authentication: { allowed: ['scram-sha-256', 'none'], written: 'scram-sha-256,none' } },
    ],
    ['require_auth=!password,!none', { authentication: { allowed: ['md5', 'gss', 'sspi', 'scram-sha-256', 'oauth'] } }],
    ['sslrootcert=system', { tls: { mode: 'verify-full', systemRoots: true } }],
    ['sslnegotiation=direct sslmode=require', { tls: { mode: 'require', negotiation: 'direct' } }],
    ['sslsni=0 ssl_min_protocol_version=tlsv1.3', { tlsDetails: { serverName: false, minVersion: 'TLSv1.3' } }],
    ["options='-c work_mem=8MB'", { options: '-c work_mem=8MB' }],
  ])('%s', async (text, expected) => expect(await resolved(text)).toMatchObject(expected));

  it('PGTZ and its like reach the server as psql sends them', async () => {
    const variables = { PGOPTIONS: '-c work_mem=8MB', PGTZ: 'Europe/Berlin', PGDATESTYLE: 'ISO, DMY', PGGEQO: 'default' };
    expect((await resolved(undefined, { variables })).options).toBe(
      '-c work_mem=8MB -c DateStyle=ISO,\\ DMY -c TimeZone=Europe/Berlin',
    );
  });

  it('PGREQUIRESSL stands below PGSSLMODE', async () => {
    expect((await resolved(undefined, { variables: { PGREQUIRESSL: '1' } })).tls.mode).toBe('require');
    expect((await resolved(undefined, { variables: { PGREQUIRESSL: '1', PGSSLMODE: 'disable' } })).tls.mode).toBe('disable');
  });
});

describe('PG_SSL_MODE', () => {
  it('must not contradict the connection string or its service', async () => {
    const overrides = { sslMode: 'verify-full' } as const;
    expect(await refusal('postgresql://h/d?sslmode=require', { overrides })).toBe(
      'config.invalid: DATABASE_URL and PG_SSL_MODE disagree: sslmode is require in the one and verify-full in the other / Make them agree, or take sslmode out of DATABASE_URL.',
    );
    const folder = home({ '.pg_service.conf': '[a]\nsslmode=disable\n' });
    expect(await refusal('service=a', { overrides, home: folder })).toContain(
      `service "a" in ${folder}/.pg_service.conf:2 and PG_SSL_MODE disagree`,
    );
  });

  it('agrees, or stands above PGSSLMODE', async () => {
    const overrides = { sslMode: 'require' } as const;
    expect((await resolved('postgresql://h/d?sslmode=require', { overrides })).tls.mode).toBe('require');
    expect((await resolved('postgresql://h/d', { overrides, variables: { PGSSLMODE: 'disable' } })).tls.mode).toBe('require');
  });
});

describe('certificate files', () => {
  it('are those of ~/.postgresql where they exist', async () => {
    expect((await resolved('host=h', { home: home() })).tls).toEqual({
      mode: 'prefer',
      systemRoots: false,
      negotiation: 'postgres',
    });
    const folder = home({
      '.postgresql/root.crt': 'x',
      '.postgresql/postgresql.crt': 'x',
      '.postgresql/postgresql.key': 'x',
      '.postgresql/root.crl': 'x',
    });
    const target = await resolved('host=h', { home: folder });
    const at = `${folder}/.postgresql`;
    expect(target.tls).toMatchObject({ rootCert: `${at}/root.crt`, cert: `${at}/postgresql.crt`, key: `${at}/postgresql.key` });
    expect(target.tlsDetails.revocationLists).toEqual([`${at}/root.crl`]);
    expect((await resolved('sslcertmode=disable', { home: folder })).tls.cert).toBeUndefined();
  });

  it('that are named and missing are warned of, once', async () => {
    const warnings: string[] = [];
    const input = { onWarning: (message: string) => warnings.push(message) };
    await resolved('sslrootcert=/nonexistent/ca.crt sslcert=/nonexistent/me.crt sslcrl=/nonexistent/x.crl', input);
    expect(warnings).toEqual([
      "DATABASE_URL: sslrootcert /nonexistent/ca.crt does not exist, so the server's certificate is not verified",
      'DATABASE_URL: sslcert /nonexistent/me.crt does not exist, so no client certificate is sent',
      'DATABASE_URL: sslcrl /nonexistent/x.crl does not exist, so revoked certificates are accepted',
    ]);
  });
});

it('a target shows no secret, however it is printed', async () => {
  const target = await resolved('postgresql://u:s3cret@h/d?sslpassword=s3cret', { overrides: { password: 's3cret' } });
  expect(inspect(target, { depth: 9, showHidden: true }) + JSON.stringify(target)).not.toContain('s3cret');
  expect(Object.isFrozen(target)).toBe(true);
});
