import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { createDatabase } from '../../../src/ops/restore/preflight.ts';
import { restoreLogical } from '../../../src/ops/restore/restore.ts';
import { withoutViews } from '../../../src/ops/restore/reworded-views.ts';
import { requireProgram } from '../../../src/ops/tools/find.ts';
import { onServer } from '../../support/connection.ts';
import { publicDatabases, type PublicDatabase } from './public-databases.ts';
import { physicalBench } from './physical-support.ts';
import { QUIET, backupBench } from './support.ts';

/** Databases nobody here wrote: what programs of Debian's archive make of an empty one. */
const { here, missing, scriptsOf } = publicDatabases();
const without = missing.length === 0 ? '' : ` (left out, their packages are not to be had here: ${missing.join(', ')})`;
const run = promisify(execFile);

describe.skipIf(here.length === 0)(`databases of other programs${without}`, () => {
  const bench = backupBench({ settings: { max_wal_senders: '4', wal_level: 'replica' } });
  const { create, drill, started } = physicalBench(bench);
  const before = new Map<string, { readonly dump: Buffer; readonly triggers: readonly string[] }>();

  beforeAll(async () => {
    await twoAtATime(async (next) => {
      await make(next);
      const state = { dump: await dumpOf(next.name, 'before'), triggers: await triggersOf(next.name) };
      before.set(next.name, state);
    });
  }, 180_000);

  /** The largest takes as long as all others. */
  async function twoAtATime(act: (database: PublicDatabase) => Promise<void>): Promise<void> {
    const queue = [...here];
    const one = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await act(next);
    };
    await Promise.all([one(), one()]);
  }

  async function make(database: PublicDatabase): Promise<void> {
    const { name, options = '', tolerant } = database;
    const url = bench.server.url(name);
    await onServer(bench.server.url(), `create database ${name} ${options}`);
    for (const script of scriptsOf(database)) {
      // Some speak to psql; all others are one message to the server, and an hour of round trips less.
      if (/^\\|^copy .* from stdin/im.test(script)) await psql(name, script, tolerant);
      else await onServer(url, script).catch((thrown: Error) => (tolerant ? undefined : Promise.reject(thrown)));
    }
    await onServer(url, OTHER_STATES);
  }

  async function psql(database: string, script: string, tolerant?: true): Promise<void> {
    const { path } = await requireProgram('psql', bench.tools, 18);
    const running = run(path, ['-X', '-q', '-v', `ON_ERROR_STOP=${tolerant ? 0 : 1}`], { env: login(database), maxBuffer: 1e8 });
    running.child.stdin?.end(script);
    await running;
  }
  const login = (database: string) => ({
    PGHOST: '127.0.0.1',
    PGPORT: String(bench.server.port),
    PGUSER: 'postgres',
    PGPASSWORD: bench.server.password,
    PGDATABASE: database,
  });

  /** All of it as one text: definitions, rows in the order they lie in, positions of sequences. */
  async function dumpOf(database: string, file: string, at: Record<string, string> = login(database)): Promise<Buffer> {
    const { path } = await requireProgram('pg_dump', bench.tools, 18);
    const made = join(bench.folder, `${database}.${file}.sql`);
    await run(path, ['--restrict-key=fixed', `--file=${made}`], { env: { ...at, PGDATABASE: database } });
    return readFileSync(made);
  }

  it('have triggers in each of the four states', () => {
    const states = [...before.values()].flatMap(({ triggers }) => triggers.map((one) => one.at(-1)));
    expect(new Set(states)).toEqual(new Set(['A', 'D', 'O', 'R']));
  });

  it.each(here)(
    '$name is restored equal: every byte of its dump, and every trigger in its state',
    async ({ name, reworded = [] }) => {
      const manifest = await bench.create(name);
      const again = `${name}_again`;
      await onServer(bench.server.url(), createDatabase(again, manifest.source));
      const target = bench.server.target(again);
      const restored = await withSession(target, { access: 'write', statementTimeoutMs: 0 }, (session) =>
        restoreLogical(session, { ...QUIET, repository: bench.repository, manifest, target, tools: bench.tools, jobs: 2 }),
      );
      expect(restored).toMatchObject({ data: [], definitions: [], refused: [] });
      expect(firstDifference(before.get(name)?.dump, await dumpOf(again, 'after'), reworded)).toBeNull();
      expect(await triggersOf(again)).toEqual(before.get(name)?.triggers);
      await onServer(bench.server.url(), `drop database ${again}`);
    },
  );

  it('are all whole in one backup of the files of the server', async () => {
    const manifest = await create();
    const { answer, steps } = await drill(manifest, { database: 'postgres' });
    expect(answer, JSON.stringify(steps, null, 1)).not.toBe('failed');
    expect(steps.find(({ name }) => name === 'open')?.message).toBe(
      `${here.length + 1} databases: ${[...here.map(({ name }) => name), 'postgres'].toSorted().join(', ')}`,
    );
    expect(steps.find(({ name }) => name === 'amcheck')?.outcome).toBe('passed');
    await started([manifest], async ({ socket, port }) => {
      await twoAtATime(async ({ name }) => {
        const dump = await dumpOf(name, 'files', { PGHOST: socket, PGPORT: String(port), PGUSER: 'postgres' });
        expect(firstDifference(before.get(name)?.dump, dump), name).toBeNull();
      });
    });
  }, 120_000);

  async function triggersOf(database: string): Promise<string[]> {
    const client = new pg.Client({ connectionString: bench.server.url(database) });
    await client.connect();
    const { rows } = await client.query<{ said: string }>(
      `select format('%s %s %s', tgrelid::regclass, tgname, tgenabled) as said from pg_trigger where not tgisinternal order by 1`,
    );
    await client.end();
    return rows.map(({ said }) => said);
  }
});

/** Every second trigger fires otherwise than its makers meant it: always, on a replica only, or never. */
const OTHER_STATES = `do $$
declare one record;
begin
  for one in
    select tgrelid::regclass as of, tgname, row_number() over (order by tgrelid::regclass::text, tgname) as place
    from pg_trigger where not tgisinternal and tgparentid = 0
  loop
    if one.place % 4 <> 0 then
      execute format('alter table %s %s trigger %I', one.of, (array['enable always', 'enable replica', 'disable'])[one.place % 4], one.tgname);
    end if;
  end loop;
end $$`;

/** Null: equal, but for views the server words otherwise. A text of 40 MB in the message of a failure helps nobody. */
function firstDifference(was: Buffer | undefined, is: Buffer, reworded: readonly string[] = []): string | null {
  const text = (dump: Buffer | undefined) => withoutViews((dump ?? Buffer.alloc(0)).toString('latin1'), new Set(reworded));
  const [before, after] = [text(was), text(is)];
  if (before === after) return null;
  const [lines, others] = [before.split('\n'), after.split('\n')];
  const line = lines.findIndex((one, at) => one !== others[at]);
  return `line ${line + 1}: ${lines[line]} | ${others[line]}`;
}
