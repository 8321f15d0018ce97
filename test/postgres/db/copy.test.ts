import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await session(true, (one) => one.script('create table into_here (n int, note text)'));
}, 60_000);
afterAll(() => server.stop());

const session = <T>(bulk: boolean, use: (one: Session) => Promise<T>) =>
  withSession(server.target(), { access: 'write', bulk, statementTimeoutMs: 0 }, use);

const ROWS = 'select n, md5(n::text) from generate_series(1, 100000) n';

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

// Over TLS the socket is another one, and pg reads it: as with a session that is not for bulk.
describe.each([
  ['past pg', true],
  ['through pg', false],
])('rows out %s', (_, bulk) => {
  it('come whole and in their order, from row to row of any length', async () => {
    const lengths = [1, 0, 70_000, 5, 3_000_000, 65_531, 262_139, 2];
    const expected = lengths.map((length) => `${'x'.repeat(length)}\n`).join('');
    await session(bulk, async (one) => {
      const found: Buffer[] = [];
      const list = lengths.join(', ');
      const rows = await one.copyOut(
        `copy (select repeat('x', l) from unnest(array[${list}]) with ordinality u (l, place) order by place) to stdout`,
        {
          write: async (bytes) => {
            found.push(Buffer.from(bytes));
            await sleep(1);
          },
        },
      );
      expect([rows, Buffer.concat(found).toString() === expected]).toEqual([lengths.length, true]);
      expect(await one.rows('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });

  it('one piece at a time, whose memory stays as it is until it was taken', async () => {
    await session(bulk, async (one) => {
      const [early, late] = [createHash('sha256'), createHash('sha256')];
      let [inside, most] = [0, 0];
      await one.copyOut(`copy (${ROWS}) to stdout`, {
        write: async (bytes) => {
          most = Math.max(most, (inside += 1));
          early.update(bytes);
          await sleep(2);
          late.update(bytes);
          inside -= 1;
        },
      });
      expect([early.digest('hex') === late.digest('hex'), most]).toEqual([true, 1]);
    });
  });

  it('fail as the server says, in the middle too, and the session goes on', async () => {
    await session(bulk, async (one) => {
      const sink = { write: () => Promise.resolve() };
      await expect(one.copyOut('copy nowhere to stdout', sink)).rejects.toMatchObject({ sqlstate: '42P01' });
      await expect(
        one.copyOut(`copy (select 1 / (50000 - n), repeat('x', 100) from generate_series(1, 60000) n) to stdout`, sink),
      ).rejects.toMatchObject({
        code: 'sql.failed',
        sqlstate: '22012',
      });
      expect(await one.copyOut(`copy (${ROWS}) to stdout`, sink)).toBe(100_000);
    });
  });

  it('fail as the sink does, without waiting for the rest', async () => {
    const full = new DbctlError('storage.failed', 'the disk is full');
    const started = performance.now();
    const failing = session(bulk, (one) =>
      one.copyOut(`copy (select repeat('x', 1000) from (select generate_series(1, 100000000)) s) to stdout`, {
        write: () => Promise.reject(full),
      }),
    );
    await expect(failing).rejects.toBe(full);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('rows in', () => {
  it('come from pieces of any size', async () => {
    const text = Array.from({ length: 1000 }, (_, n) => `${n}\tnote ${n}\n`).join('');
    await session(true, async (one) => {
      for (const size of [1, 7, 100_000]) expect(await one.copyIn('copy into_here from stdin', pieces(text, size))).toBe(1000);
      expect(await one.copyIn('copy into_here from stdin', pieces('', 1))).toBe(0);
      expect(await one.rows('select count(*)::int as count from into_here')).toEqual([{ count: 3000 }]);
    });
  });

  it('fail as the server says', async () => {
    await session(true, async (one) => {
      await expect(one.copyIn('copy into_here from stdin', pieces('1\ta\nx\tb\n', 3))).rejects.toMatchObject({
        code: 'sql.failed',
        sqlstate: '22P02',
      });
      await expect(one.copyIn('copy nowhere from stdin', pieces('1\n', 3))).rejects.toMatchObject({ sqlstate: '42P01' });
      expect(await one.rows('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });

  it('are not there when the source fails', async () => {
    const torn = new DbctlError('archive.failed', 'torn');
    async function* source(): AsyncGenerator<Buffer> {
      yield Buffer.from('1\tnever there\n');
      await sleep(1);
      throw torn;
    }
    await session(true, async (one) => {
      await expect(one.copyIn('copy into_here from stdin', source())).rejects.toBe(torn);
      expect(await one.rows(`select count(*)::int as count from into_here where note = 'never there'`)).toEqual([{ count: 0 }]);
    });
  });
});
