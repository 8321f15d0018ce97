import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import {
  Authority,
  hasOpenssl,
  Laboratory,
  openssl,
  PASSWORD,
  targetOf,
  type Certificate,
  type Server,
} from '../runtime/support.ts';
import { POLICY } from './support.ts';

const IDS = ['tls-cert-expiry', 'tls-own-session', 'tls-plaintext-sessions', 'tls-verify-full'];
const checks = (await loadChecks([builtInFolder()])).filter(({ id }) => IDS.includes(id));

/** An address of this machine that is not the loopback: what goes there counts as crossing a network on both ends. */
const outside = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe.skipIf(!hasOpenssl || outside === undefined)(
  'a real session, over TLS and in clear (skipped without openssl, or without a network)',
  () => {
    const lab = new Laboratory();
    const authority = hasOpenssl ? new Authority(lab.folder) : undefined;
    let server: Server;
    beforeAll(async () => {
      server = await lab.start({
        settings: { listen_addresses: `127.0.0.1,${outside}` },
        certificate: issue('first', [`IP:${outside}`], 90),
      });
    });
    afterAll(() => lab.close());

    /** The laboratory's certificates are for two days: this one runs as long as it should. */
    function issue(name: string, names: readonly string[], days: number): Certificate {
      const made = (authority as Authority).issue(name, names);
      const key = readFileSync(made.key);
      const request = join(lab.folder, `${name}.csr`);
      const [ca, caKey] = [join(lab.folder, 'ca.crt'), join(lab.folder, 'ca.key')];
      const extensions = join(lab.folder, `${name}.ext`);
      openssl([
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        ca,
        '-CAkey',
        caKey,
        '-days',
        String(days),
        '-out',
        made.cert,
        '-extfile',
        extensions,
      ]);
      writeFileSync(made.key, key);
      return made;
    }

    /** As an administrator renews it: new files, and a reload. */
    async function show(certificate: Certificate): Promise<void> {
      for (const [from, to] of [
        [certificate.cert, 'server.crt'],
        [certificate.key, 'server.key'],
      ] as const)
        writeFileSync(join(server.data, to), readFileSync(from));
      const shown = () =>
        spawnSync('openssl', ['s_client', '-starttls', 'postgres', '-connect', `127.0.0.1:${server.port}`], {
          input: '',
          encoding: 'utf8',
        }).stdout;
      const wanted = readFileSync(certificate.cert, 'utf8').split('\n').slice(1, 4).join('\n');
      const client = new pg.Client({
        host: '127.0.0.1',
        port: server.port,
        user: 'postgres',
        database: 'postgres',
        password: PASSWORD,
      });
      await client.connect();
      await client.query('select pg_catalog.pg_reload_conf()');
      await client.end();
      while (!shown().includes(wanted)) await sleep(20);
    }

    async function verdicts(conninfo: string): Promise<Record<string, string>> {
      const target = await targetOf(`port=${server.port} user=postgres dbname=postgres ${conninfo}`, {
        overrides: { password: PASSWORD },
      });
      const { outcomes } = await withSession(target, { access: 'read' }, (session) =>
        runChecks(session, checks, { policy: POLICY, advisories, clock: () => new Date() }),
      );
      return Object.fromEntries(
        outcomes.map((outcome) => [
          outcome.check.id,
          outcome.kind === 'found'
            ? outcome.findings.map(({ object, detail }) => `${object}: ${detail}`).join('; ')
            : outcome.kind === 'unknown'
              ? `unknown: ${outcome.reason}`
              : outcome.kind,
        ]),
      );
    }

    const all = 'pass';
    it('verified, with a good certificate', async () => {
      expect(await verdicts(`host=${outside} sslmode=verify-full sslrootcert=${authority?.cert}`)).toEqual(
        Object.fromEntries(IDS.map((id) => [id, all])),
      );
    });

    it('in clear', async () => {
      expect(await verdicts(`host=${outside} sslmode=disable`)).toEqual({
        'tls-own-session': `this session: this session goes to ${outside} in clear`,
        'tls-verify-full': `this session: sslmode is disable and the session is in clear: anyone between can pass for ${outside}`,
        'tls-plaintext-sessions': `postgres from ${outside}: role postgres has a session in clear from ${outside}`,
        'tls-cert-expiry': 'certificate: no certificate was shown to this session, which is not encrypted',
      });
    });

    it('on the loopback, where nothing leaves the machine', async () => {
      expect(await verdicts('host=127.0.0.1 sslmode=disable')).toEqual({
        'tls-own-session': 'pass',
        'tls-verify-full': 'pass',
        'tls-plaintext-sessions': 'pass',
        'tls-cert-expiry': 'certificate: no certificate was shown to this session, which is not encrypted',
      });
    });

    it('encrypted and not verified, with a certificate that runs out and is for another name', async () => {
      await show(issue('db.example.com', ['DNS:db.example.com'], 10));
      const said = await verdicts(`host=${outside} sslmode=require`);
      expect(said).toMatchObject({
        'tls-own-session': 'pass',
        'tls-verify-full': `this session: sslmode is require: anyone between can pass for ${outside}`,
        'tls-plaintext-sessions': 'pass',
      });
      expect(said['tls-cert-expiry']).toMatch(
        /^certificate: end: the certificate of CN=db\.example\.com runs out on \d{4}-\d\d-\d\d, in (9|10) days; certificate: name: the certificate does not fit the name [\d.]+: it is for "db\.example\.com"$/,
      );
    });

    it('with a certificate that vouches for itself, pinned and not', async () => {
      const own = (authority as Authority).selfSigned('own', ['-addext', `subjectAltName=IP:${outside}`, '-days', '400']);
      await show(own);
      const loose = await verdicts(`host=${outside} sslmode=require`);
      expect(loose['tls-cert-expiry']).toBe(
        'certificate: authority: the certificate of CN=own vouches for itself: a client that is not given a copy of it cannot verify it',
      );
      const copy = join(lab.folder, 'pinned.crt');
      copyFileSync(own.cert, copy);
      chmodSync(copy, 0o644);
      expect((await verdicts(`host=${outside} sslmode=verify-full sslrootcert=${copy}`))['tls-cert-expiry']).toBe('pass');
    });
  },
);
