import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { withServer, type TestServer } from '../../support/server.ts';
import { programsWithPgaudit } from './hardened.ts';
import { POLICY, withClient } from './support.ts';

const checks = (await loadChecks([builtInFolder()])).filter(({ id }) => id === 'ops-wraparound');
/** The counter is put close to the end, and what is left is used up. */
const LEFT = 40;

/** Through the loader that starts them its processes have another name than halt() looks for. */
function program(server: TestServer, name: string, ...args: string[]): void {
  const as = server.account === undefined ? {} : { uid: server.account.uid, gid: server.account.gid };
  execFileSync(join(server.binFolder, name), args, { ...as, cwd: '/tmp', stdio: 'pipe' });
}

/** pg_resetwal puts the counter forward; the file that keeps what became of its transactions is made by hand. */
async function putForward(server: TestServer, next: number): Promise<void> {
  const segment = Math.floor(next / 1_048_576);
  await server.give(join(server.data, 'pg_xact', segment.toString(16).toUpperCase().padStart(4, '0')), Buffer.alloc(262_144));
  program(server, 'pg_resetwal', '-x', String(next), server.data);
}

describe('ops-wraparound', () => {
  it('counts what is left until the server really refuses', { timeout: 60_000 }, async () => {
    const programs = await programsWithPgaudit();
    await withServer({ programs, settings: { wal_level: 'logical' } }, async (server) => {
      // It keeps the vacuums that are forced there from removing the danger; a prepared transaction would make the server write
      // pg_subtrans from there on when it starts, 8 GB.
      await onServer(server.url(), `select pg_catalog.pg_create_logical_replication_slot('held', 'pgoutput')`);
      const oldest = await withClient(server.url(), async (client) => {
        const { rows } = await client.query<{ oldest: string }>(
          `select pg_catalog.min(d.datfrozenxid::text::int8) as oldest from pg_catalog.pg_database d`,
        );
        return Number(rows[0]?.oldest);
      });
      program(server, 'pg_ctl', 'stop', '-D', server.data, '-m', 'fast', '-w');
      await putForward(server, oldest + 2_144_483_647 - LEFT);
      await server.start();
      const inputs = { policy: POLICY, advisories, clock: () => new Date() };
      const { outcomes } = await withSession(server.target(), { access: 'read' }, (session) =>
        runChecks(session, checks, inputs),
      );
      const [outcome] = outcomes;
      const finding = outcome?.kind === 'found' ? outcome.findings.find(({ object }) => object === 'postgres') : undefined;
      const left = Number(finding?.data['left']);
      expect(finding?.detail).toBe(
        `database postgres has used 99 % of its transaction ids: the server refuses writes after ${left} more`,
      );
      const used = await withClient(server.url(), async (client) => {
        for (let count = 0; ; count += 1) {
          const refusal = await client.query('select pg_catalog.pg_current_xact_id()').then(
            () => null,
            (thrown: Error) => thrown.message,
          );
          if (refusal !== null) return { count, refusal };
        }
      });
      expect(used.refusal).toMatch(/not accepting commands that assign new transaction IDs/);
      // The forced vacuums take some, too.
      expect(used.count).toBeLessThanOrEqual(left);
      expect(used.count).toBeGreaterThan(left - 20);
    });
  });
});
