import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';

// What somebody does in the first five minutes, through the built program, in a folder of their own.
let project: string;
let state: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'first-steps-'));
  state = await mkdtemp(join(tmpdir(), 'dbctl-state-'));
  // The server runs as another user, who must be able to pass.
  await chmod(state, 0o711);
});
afterAll(async () => {
  await dbctl('dev', 'down', '--purge', '--yes');
  await rm(project, { recursive: true, force: true });
  await rm(state, { recursive: true, force: true });
});
const dbctl = (...args: string[]) => runCli(args, { cwd: project, env: { DBCTL_STATE_HOME: state } });

describe('the first five minutes', () => {
  it('a project file, a server, a migration, a check', async () => {
    expect(await dbctl('init')).toMatchObject({ status: 0 });
    expect(await readFile(join(project, 'dbctl.yaml'), 'utf8')).toContain('project: first-steps-');
    const again = await dbctl('init');
    expect(again.status).toBe(5);
    expect(again.stderr).toContain('is there already');

    const early = await dbctl('migrate', 'status');
    expect(early.status).toBe(2);
    expect(early.stderr).toContain('the migrations folder holds no migration');

    const written = await dbctl('migrate', 'new', 'Add people & places');
    expect(written).toMatchObject({ status: 0, stdout: 'migrations/001.do.add-people-places.sql\n' });
    const unreachable = await dbctl('migrate', 'up');
    expect(unreachable.status).toBe(3);
    expect(unreachable.stderr).toContain('dbctl dev up');

    expect((await dbctl('dev', 'up')).status).toBe(0);
    const empty = await dbctl('migrate', 'up');
    expect(empty.status).toBe(2);
    expect(empty.stderr).toContain('the file holds no statement, only comments');
    await appendFile(
      join(project, 'migrations', '001.do.add-people-places.sql'),
      'create table people (id bigint primary key);\n',
    );

    const pending = await dbctl('migrate', 'status');
    expect(pending.status).toBe(1);
    expect(pending.stdout).toContain('pending');
    expect((await dbctl('migrate', 'plan')).stdout).toContain('1 would run. Nothing was changed.');
    expect((await dbctl('migrate', 'up', '--dry-run')).stdout).toContain('1 would run. Nothing was changed.');
    expect((await dbctl('migrate', 'up')).stdout).toContain('1 applied, 1 in all.');
    expect((await dbctl('migrate', 'up')).stdout).toContain('Nothing to do: all 1 migrations are applied.');
    expect((await dbctl('migrate', 'status')).status).toBe(0);
    expect((await dbctl('doctor')).status).toBe(0);
    expect((await dbctl('doctor', '--format', 'json')).stdout).toContain('"connection"');
    expect((await dbctl('seed', 'nothing')).stderr).toContain('there is no seed nothing');
  });

  it('a completion script the shell accepts', async () => {
    const { stdout, status } = await dbctl('completion', 'bash');
    expect(status).toBe(0);
    const { execFileSync } = await import('node:child_process');
    const complete = (line: string) => {
      const words = line.split(' ');
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _dbctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
    };
    expect(complete('dbctl mig')).toEqual(['migrate']);
    expect(complete('dbctl migrate u')).toEqual(['up']);
    expect(complete('dbctl migrate up --t')).toEqual(['--to']);
    expect(complete('dbctl migrate up --dry')).toEqual(['--dry-run']);
  });
});
