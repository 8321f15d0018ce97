import { describe, expect, it } from 'vitest';
import { environmentFile, engineVariables, imageName, runArguments } from '../../../src/ops/dev/container-arguments.ts';
import { planReset } from '../../../src/ops/dev/reset-plan.ts';
import { isTemplateOf, resetNames } from '../../../src/ops/dev/template-name.ts';

describe('the container', () => {
  const request = {
    name: 'dbctl-lab-18',
    major: 18,
    port: 54321,
    environmentFile: '/state/env',
    project: '/home/lin/lab',
  } as const;
  it('listens on this machine only, keeps its data in a volume, and is named on the command line without a password', () => {
    const words = runArguments(request);
    expect(words.slice(0, 16)).toEqual([
      'run',
      '--detach',
      '--name',
      'dbctl-lab-18',
      '--label',
      'dbctl.project=/home/lin/lab',
      '--env-file',
      '/state/env',
      '--publish',
      '127.0.0.1:54321:5432',
      '--volume',
      'dbctl-lab-18:/var/lib/postgresql',
      '--shm-size',
      '256m',
      'postgres:18.2',
      '-c',
    ]);
    expect(runArguments({ ...request, major: 17 })).toContain('dbctl-lab-18:/var/lib/postgresql/data');
    expect(words.join(' ')).not.toMatch(/password/i);
    expect(words.join(' ')).not.toContain('listen_addresses');
  });
  it('gets its password from a file', () => {
    expect(environmentFile('s3cret')).toContain('POSTGRES_PASSWORD=s3cret\n');
    expect(imageName(18)).toBe('postgres:18.2');
  });
  it('sees of the caller only what tells where the engine is', () => {
    expect(
      engineVariables({ PATH: '/bin', DOCKER_HOST: 'unix:///x', DATABASE_URL: 'postgres://a:b@c/d', EMPTY: undefined }),
    ).toEqual({
      PATH: '/bin',
      DOCKER_HOST: 'unix:///x',
    });
  });
});

describe('the names of templates', () => {
  it('belong to one database', () => {
    const names = resetNames('lab', '0123456789ab');
    expect(names).toEqual({ database: 'lab', template: 'lab_template_0123456789ab', next: 'lab_reset' });
    expect(isTemplateOf('lab', names.template)).toBe(true);
    expect(isTemplateOf('lab2', names.template)).toBe(false);
    expect(isTemplateOf('lab', 'lab_template_important')).toBe(false);
  });
  it('fit into 63 bytes', () => {
    const names = resetNames('a'.repeat(63), '0123456789ab');
    expect(names.template).toHaveLength(63);
    expect(isTemplateOf('a'.repeat(63), names.template)).toBe(true);
  });
});

describe('the plan of a reset', () => {
  const names = resetNames('lab', '000000000003');
  const database = (name: string, finished = false, bytes = 1_000) => ({ name, finished, bytes });
  const ids = (...found: { name: string; finished: boolean; bytes: number }[]) =>
    planReset(found, names, 'the migrations').map(({ id }) => id);

  it('builds, copies and puts in place, when there is nothing', () => expect(ids()).toEqual(['build', 'copy', 'swap']));
  it('only copies, when the template is there', () =>
    expect(ids(database('lab'), database(names.template, true))).toEqual(['copy', 'swap']));
  it('builds again what was left half built', () =>
    expect(ids(database('lab'), database(names.template), database('lab_reset'))).toEqual([
      'discard',
      'discard',
      'build',
      'copy',
      'swap',
    ]));
  it('keeps the two newest of the old templates, and touches no other database', () => {
    const old = ['000000000000', '000000000001', '000000000002'].map((digits) => database(`lab_template_${digits}`, true));
    const steps = planReset([...old, database('other_template_000000000000', true), database('lab')], names, 'x');
    expect(steps.filter(({ id }) => id === 'drop-old').map(({ object }) => object)).toEqual(['lab_template_000000000000']);
  });
  it('copies big templates file by file', () => {
    const [copy] = planReset([database('lab'), database(names.template, true, 200_000_000)], names, 'x');
    expect(copy?.sql).toContain('strategy file_copy');
  });
});
