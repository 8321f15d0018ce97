import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { parseCheck } from '../../../src/ops/verify/check.ts';
import { Authority, hasOpenssl, Laboratory, PASSWORD, type Server } from '../runtime/support.ts';
import { ADDRESSES, below, DATABASES, GROUPS, randomAttempt, randomRule, ROLES, type Attempt } from './random-hba.ts';

/** What the checks of pg_hba.conf say would happen, against what the server does: files at random, connections that are really made. */
const FILES = 40;
const ATTEMPTS = 13;

/** The check's query without its last select; what is near counts as remote here, because all of a test is near. */
function queryOf(id: string): { head: string; whole: string } {
  const file = fileURLToPath(new URL(`../../../checks/${id}.sql`, import.meta.url));
  const query = parseCheck(file, readFileSync(file, 'utf8')).check?.query ?? '';
  const near = query.replace("'127.0.0.0/8'", "'127.0.0.99'").replace("'::1'", "'::99'");
  return { head: near.slice(0, near.lastIndexOf('\nselect ')), whole: near };
}

const simulation = `${queryOf('auth-hba-superuser-remote').head}
select d.role, coalesce(d.database, 'replication') as database, pg_catalog.host(p.ip) as address, p.encryption,
       r.method, v.file_name || ':' || v.line_number as line
  from doors d
 cross join places p
  left join rules r on r.number = (select pg_catalog.min(n.number) from pg_catalog.unnest(d.numbers) as n(number) where n.number = any (p.numbers))
  left join pg_catalog.pg_hba_file_rules v on v.rule_number = r.number
 where p.ip is not null`;

interface Predicted {
  role: string;
  database: string;
  address: string;
  encryption: string;
  method: string | null;
  line: string | null;
}

describe.skipIf(!hasOpenssl)(
  'pg_hba.conf as the checks read it (skipped where openssl is missing: it makes the certificate)',
  () => {
    const lab = new Laboratory();
    let server: Server;
    let admin: pg.Client;
    const findings = async (id: string) => (await admin.query<{ object: string }>(queryOf(id).whole)).rows;

    beforeAll(async () => {
      const listen = ADDRESSES.filter((address) => address !== 'socket').join(',');
      server = await lab.start({
        settings: { listen_addresses: listen, log_connections: 'on', log_line_prefix: '%p ' },
        certificate: new Authority(lab.folder).selfSigned('server'),
      });
      admin = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres', password: PASSWORD });
      await admin.connect();
      for (const group of GROUPS) await admin.query(`create role ${group}`);
      await admin.query('grant staff to guests');
      for (const role of ROLES) await admin.query(`create role "${role}" superuser login`);
      // dave is in guests, and so in staff, which he neither inherits nor may become; bob is in staff.
      await admin.query('grant guests to dave with inherit false, set false; grant staff to bob');
      for (const database of DATABASES) await admin.query(`create database ${database}`);
    });
    afterAll(async () => {
      await admin.end();
      await lab.close();
    });

    /** Who connects is told by the server: which line let it in, or that one rejected it, or that there is none. */
    async function connect({ role, database, address, encryption }: Attempt): Promise<string> {
      const client = new pg.Client({
        ...(address === 'socket' ? { host: server.folder } : { host: address, stream: () => from(address) }),
        port: server.port,
        user: role,
        ...(database === 'replication' ? { replication: 'true' } : { database }),
        ssl: encryption === 'tls' ? { rejectUnauthorized: false } : false,
      });
      try {
        await client.connect();
        return String((client as unknown as { processID: number }).processID);
      } catch (thrown) {
        const { message } = thrown as Error;
        if (message.includes('rejects')) return 'reject';
        if (message.includes('no pg_hba.conf entry')) return 'none';
        throw thrown;
      } finally {
        await client.end();
      }
    }

    /** With this address as the client's: without it all of 127/8 is spoken to from 127.0.0.1. */
    function from(address: string): Socket {
      const socket = new Socket();
      const dial = socket.connect.bind(socket) as (options: object) => Socket;
      socket.connect = ((port: number, host: string) => dial({ port, host, localAddress: address })) as Socket['connect'];
      return socket;
    }

    async function load(name: string, rules: readonly string[]): Promise<void> {
      // A line whose database has the name of this file says when the server has read it.
      const file = join(server.data, 'pg_hba.conf');
      mkdirSync(join(server.data, 'hba'), { recursive: true, mode: 0o755 });
      const [first, rest] = [rules.slice(0, rules.length / 2), rules.slice(rules.length / 2)];
      writeFileSync(join(server.data, 'hba', `${name}.conf`), `${rest.join('\n')}\n`);
      // What never fits but is there makes each address of the attempts one the simulation tells about.
      const tried = ADDRESSES.filter((address) => address !== 'socket').map(
        (one) => `host nowhere nobody ${one}/${one === '::1' ? 128 : 32} trust`,
      );
      const lines = [`local ${name} all reject`, ...first, `include hba/${name}.conf`, ...tried];
      writeFileSync(file, `${lines.join('\n')}\n`);
      await admin.query('select pg_catalog.pg_reload_conf()');
      const marker: Attempt = { role: 'anna', database: name, address: 'socket', encryption: 'plain' };
      const answer = () => connect(marker).catch(() => 'another file');
      while ((await answer()) !== 'reject') await sleep(5);
    }

    const cases = Array.from({ length: FILES }, (_, index) => {
      const withNames = index % 4 === 3;
      return [`file${index + 1}`, Array.from({ length: 3 + below(7) }, () => randomRule(withNames)), withNames] as const;
    });

    it.each(cases)('%s: %j', async (name, rules, withNames) => {
      await load(name, rules);
      const predicted = (await admin.query<Predicted>(simulation)).rows;
      const read = (await admin.query<{ line: string; words: string; error: string | null }>(LINES)).rows;
      expect(read.filter(({ error }) => error !== null)).toEqual([]);
      const wordsOf = new Map(read.map(({ line, words }) => [line, words]));
      const [never, inClear] = [await findings('auth-hba-errors'), await findings('tls-enforced')];

      for (let number = 0; number < ATTEMPTS; number += 1) {
        const tried = randomAttempt();
        const answer = await connect(tried);
        const line = /^\d+$/.test(answer) ? await lineOf(answer) : undefined;
        const words = JSON.stringify(tried);
        if (tried.address !== 'socket' && !withNames) {
          counts.compared += 1;
          const said = predicted.find(
            (one) =>
              one.role === tried.role &&
              one.database === tried.database &&
              one.address === tried.address &&
              one.encryption === tried.encryption,
          );
          expect(said, words).toBeDefined();
          expect(line ?? answer, words).toBe(said?.method === 'trust' ? said.line : (said?.method ?? 'none'));
        }
        if (line === undefined) continue;
        counts.letIn += 1;
        // The same words may stand there twice, and then the second line is the one that never matches.
        const twice = [...wordsOf.values()].filter((other) => other === wordsOf.get(line)).length > 1;
        if (!twice)
          expect(
            never.map(({ object }) => object),
            words,
          ).not.toContain(wordsOf.get(line));
        if (tried.encryption === 'plain' && tried.address !== 'socket' && !(wordsOf.get(line) ?? '').includes('samehost'))
          expect(
            inClear.map(({ object }) => object),
            words,
          ).toContain(wordsOf.get(line));
      }
      counts.never += never.length;
    });

    const counts = { compared: 0, letIn: 0, never: 0 };
    it('has seen connections let in, and lines that never match', () => {
      expect(counts.compared).toBeGreaterThan(200);
      expect(counts.letIn).toBeGreaterThan(80);
      expect(counts.never).toBeGreaterThan(10);
    });

    const LINES = `
    select h.file_name || ':' || h.line_number as line, h.error,
           pg_catalog.concat_ws(' ', h.type, pg_catalog.array_to_string(h.database, ','), pg_catalog.array_to_string(h.user_name, ','),
                                case
                                  when h.netmask = '255.0.0.255' then h.address || ' ' || h.netmask
                                  when h.netmask is not null then
                                    pg_catalog.inet_merge(h.address::inet, h.address::inet | ~ h.netmask::inet)::text
                                  else h.address
                                end, h.auth_method) as words
      from pg_catalog.pg_hba_file_rules h`;

    /** The log is written before the client hears that it is in, and read from a pipe. */
    async function lineOf(pid: string): Promise<string> {
      const authenticated = new RegExp(`^${pid} LOG: {2}connection authenticated: .* method=trust \\((.*)\\)$`, 'gm');
      for (;;) {
        const found = [...server.log().matchAll(authenticated)].at(-1)?.[1];
        if (found !== undefined) return found;
        await sleep(5);
      }
    }
  },
);
