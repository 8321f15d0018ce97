import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { withSession, type Session, type SessionOptions } from '../../../src/db/session.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { withSilentServer } from '../../support/silent-server.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const open = <T>(options: SessionOptions, use: (session: Session) => Promise<T>) => withSession(database.target, options, use);
/** pg_locks shows the whole cluster, and other tests lock in their own databases. */
const ADVISORY = `select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
const failure = async (promise: Promise<unknown>): Promise<DbctlError> => {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof DbctlError)) throw new Error(`expected a DbctlError, got ${String(thrown)}`);
  return thrown;
};

describe('a session', () => {
  it('says who it is, and which server it is on', async () => {
    await open({ access: 'read', applicationName: 'dbctl test' }, async (session) => {
      expect(session).toMatchObject({
        database: database.name,
        user: 'postgres',
        serverVersion: 180002,
        serverVersionText: '18.2',
      });
      const [row] = await session.rows(
        `select pid, application_name, (select system_identifier::text from pg_control_system()) as system from pg_stat_activity where pid = pg_backend_pid()`,
      );
      expect(row).toEqual({ pid: session.pid, application_name: 'dbctl test', system: session.systemIdentifier });
    });
  });

  it('for reading is refused every write by the server itself', async () => {
    const error = await failure(open({ access: 'read' }, (session) => session.rows('create table a ()')));
    expect(error).toMatchObject({ code: 'db.read-only', sqlstate: '25006', exit: 3 });
  });

  it.each(['idle_session_timeout', 'transaction_timeout'])('is not ended by the %s of its database', async (parameter) => {
    const own = await createTestDatabase();
    await withSession(own.target, { access: 'write' }, (session) =>
      session.script(`alter database ${own.name} set ${parameter} = '300ms'`),
    );
    await withSession(own.target, { access: 'read' }, async (session) => {
      await sleep(500);
      expect(await session.rows('select pg_sleep(0.5), 1 as one')).toEqual([{ pg_sleep: '', one: 1 }]);
    });
    await own.drop();
  });

  it.each<[string, Partial<SessionOptions>, string, string]>([
    ['statement', { statementTimeoutMs: 100 }, 'select pg_sleep(5)', '57014'],
    ['idle transaction', { idleInTransactionTimeoutMs: 100 }, 'begin', '25P03'],
  ])('has a %s timeout', async (name, options, sql, sqlstate) => {
    const error = await failure(
      open({ access: 'write', ...options }, async (session) => {
        await session.script(sql);
        await sleep(400);
        await session.script('select 1');
      }),
    );
    // An idle session is ended by a message nobody asked for; the next query only finds the connection gone.
    expect([sqlstate, undefined]).toContain(error.sqlstate);
    expect(error.code).toBe(name === 'statement' ? 'sql.failed' : 'db.unreachable');
  });

  it('has settings of its own from the first moment, whatever the role has', async () => {
    const shown = await open({ access: 'read', settings: { timezone: 'Asia/Tokyo' }, lockTimeoutMs: 1234 }, (session) =>
      session.rows(
        `select current_setting('timezone') as zone, current_setting('lock_timeout') as lock, current_setting('default_transaction_read_only') as ro`,
      ),
    );
    expect(shown).toEqual([{ zone: 'Asia/Tokyo', lock: '1234ms', ro: 'on' }]);
  });

  it('counts its messages', async () => {
    await open({ access: 'read' }, async (session) => {
      const before = session.roundTrips;
      await session.rows('select $1::int', [1]);
      await session.script('select 1; select 2');
      expect(session.roundTrips - before).toBe(2);
    });
  });

  it('tells the place of an error in the file the text came from', async () => {
    const text = "-- é😀\nselect 'x',\n  wrong;\n";
    const error = await failure(open({ access: 'read' }, (session) => session.script(text, { file: 'a.sql', text })));
    expect(error.position).toEqual({ file: 'a.sql', line: 3, column: 3, text: '  wrong;' });
  });

  it('that is aborted ends what runs on the server, at once', async () => {
    const stop = new AbortController();
    const running = failure(
      open({ access: 'write', signal: stop.signal, applicationName: 'to be stopped' }, (session) =>
        session.rows('select pg_sleep(60)'),
      ),
    );
    await sleep(300);
    const started = performance.now();
    stop.abort();
    await running;
    expect(performance.now() - started).toBeLessThan(5_000);
    const left = await open({ access: 'read' }, (session) =>
      session.rows(`select pid from pg_stat_activity where application_name = 'to be stopped' and state = 'active'`),
    );
    expect(left).toEqual([]);
  });
});

describe('a server that hangs', () => {
  it('does not keep a session that is aborted, though it answers no cancel request either', { timeout: 15_000 }, async () => {
    const [host] = database.target.hosts;
    await withSilentServer(host?.port, async ({ port, fallSilent }) => {
      const stop = new AbortController();
      const target = { ...database.target, hosts: [{ host: '127.0.0.1', port }] };
      const started = performance.now();
      const session = withSession(target, { access: 'read', signal: stop.signal }, async (opened) => {
        fallSilent();
        setTimeout(() => stop.abort(), 100);
        await opened.rows('select 1');
      });
      expect(await failure(session)).toMatchObject({ code: 'db.unreachable' });
      expect(performance.now() - started).toBeLessThan(5_000);
    });
  });
});

describe('a transaction', () => {
  it('is committed, or rolled back with what failed', async () => {
    await open({ access: 'write' }, async (session) => {
      await inTransaction(session, 'read write', () => session.script('create table kept ()'));
      const error = await failure(
        inTransaction(session, 'read write', async () => {
          await session.script('create table lost ()');
          await session.script('select 1 / 0');
        }),
      );
      expect(error.sqlstate).toBe('22012');
      expect(await session.rows(`select to_regclass('kept') as kept, to_regclass('lost') as lost`)).toEqual([
        { kept: 'kept', lost: null },
      ]);
    });
  });

  it('that swallowed an error does not pass for committed', async () => {
    await open({ access: 'write' }, async (session) => {
      const error = await failure(
        inTransaction(session, 'read write', async () => {
          await session.script('create table swallowed ()');
          await session.script('select 1 / 0').catch(() => {});
        }),
      );
      expect(error.message).toBe('the transaction was rolled back at its end: a statement inside it had failed');
      expect(await session.rows(`select to_regclass('swallowed') as t`)).toEqual([{ t: null }]);
    });
  });

  it('for reading one snapshot does not see what others commit meanwhile', async () => {
    await open({ access: 'read' }, (reader) =>
      inTransaction(reader, 'isolation level repeatable read, read only', async () => {
        const count = () => reader.rows<{ n: number }>(`select count(*)::int as n from pg_class where relname = 'later'`);
        expect(await count()).toEqual([{ n: 0 }]);
        await open({ access: 'write' }, (writer) => writer.script('create table later ()'));
        expect(await count()).toEqual([{ n: 0 }]);
      }),
    );
  });
});

describe('the advisory lock', () => {
  it('is held by one at a time, polled for by the others, and given back', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        open({ access: 'write' }, (session) =>
          withAdvisoryLock(session, 'migrate', { waitMs: 20_000 }, async () => {
            inside += 1;
            most = Math.max(most, inside);
            await sleep(20);
            inside -= 1;
          }),
        ),
      ),
    );
    expect(most).toBe(1);
    expect(await open({ access: 'read' }, (session) => session.rows(ADVISORY))).toEqual([]);
  });

  it('is never waited for inside the server, where a waiting snapshot would deadlock with concurrent index builds', async () => {
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    const holder = open({ access: 'write' }, (session) => withAdvisoryLock(session, 'migrate', { waitMs: 0 }, () => until));
    await sleep(200);
    const waiter = open({ access: 'write' }, (session) =>
      withAdvisoryLock(session, 'migrate', { waitMs: 5_000 }, async () => {}),
    );
    await sleep(300);
    const waiting = await open({ access: 'read' }, (session) => session.rows(`${ADVISORY} and not granted`));
    release();
    await Promise.all([holder, waiter]);
    expect(waiting).toEqual([]);
  });

  it('is given back when the work fails', async () => {
    await open({ access: 'write' }, async (session) => {
      await failure(withAdvisoryLock(session, 'migrate', { waitMs: 0 }, async () => void (await session.rows('select 1 / 0'))));
      expect(await session.rows(ADVISORY)).toEqual([]);
    });
  });
});
