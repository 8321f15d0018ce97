import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { requireProgram } from '../../../src/ops/tools/find.ts';
import { runProgram } from '../../../src/ops/process/program.ts';
import { runCli } from '../../support/cli.ts';
import { onServer } from '../../support/connection.ts';
import { createTestDatabase } from '../../support/database.ts';
import { clientTools } from '../../support/tools.ts';

const cache = mkdtempSync(join(tmpdir(), 'dbctl-cache '));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** A PATH without client programs of its own: apt and the like, and no PostgreSQL. */
const dbctl = async (...args: readonly string[]) => {
  const { stdout, stderr, status } = await runCli([...args, '--format', 'json'], {
    env: { DBCTL_CACHE_HOME: cache },
    timeoutMs: 180_000,
  });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), status };
};

describe('dbctl tools', () => {
  it('brings programs that run, in a folder whose name has a space, twice at once, and finds them', async () => {
    const both = await Promise.all([dbctl('tools', 'install'), dbctl('tools', 'install')]);
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(both[0].summary).toMatchObject({ major: 18, programs: 10 });
    // Nothing half-made is left, and no package.
    expect(readdirSync(join(cache, 'tools')).filter((name) => !name.endsWith('.lock'))).toEqual(['postgresql-18']);
    const status = await dbctl('tools', 'status');
    expect(status).toMatchObject({ status: 0, summary: { missing: 0 } });
    const dump = status.items.find(({ id }) => id === 'pg_dump') as { path?: string; version?: string } | undefined;
    expect(dump?.version).toMatch(/^18\.\d+$/);
  }, 240_000);

  it('says what it would bring with --dry-run, and refuses a major that is none', async () => {
    expect((await dbctl('tools', 'install', '--dry-run', '--major', '17')).items[0]?.message).toBe(
      'client programs of PostgreSQL 17 would be brought',
    );
    expect((await dbctl('tools', 'install', '--major', '9')).error?.message).toContain('a major from 14 to 19, not 9');
  });

  it('are whole: a dump of a database is restored by its sibling', async () => {
    const places = await clientTools();
    const [dump, restore] = await Promise.all(
      ['pg_dump', 'pg_restore'].map((name) => requireProgram(name as 'pg_dump', places, 18)),
    );
    const [from, to] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await onServer(from.url, `create table t (id int primary key, note text)`, `insert into t values (1, 'one'), (2, 'zwei')`);
    const file = join(cache, 'a.dump');
    const address = (url: string) => {
      const { hostname, port, username, password, pathname } = new URL(url);
      return {
        args: ['-h', hostname, '-p', port, '-U', username, '-d', pathname.slice(1)],
        variables: { PGPASSWORD: decodeURIComponent(password) },
      };
    };
    const [source, target] = [address(from.url), address(to.url)];
    const dumped = await runProgram({
      file: dump?.path ?? '',
      args: [...source.args, '-Fc', '-f', file],
      variables: source.variables,
    });
    expect(dumped).toMatchObject({ status: 0, stderr: '' });
    const restored = await runProgram({
      file: restore?.path ?? '',
      args: [...target.args, '--exit-on-error', file],
      variables: target.variables,
    });
    expect(restored).toMatchObject({ status: 0, stderr: '' });
    await onServer(to.url, `do $$ begin assert (select count(*) from t) = 2; end $$`);
    await Promise.all([from.drop(), to.drop()]);
  }, 240_000);
});
