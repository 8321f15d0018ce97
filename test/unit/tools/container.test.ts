import { describe, expect, it } from 'vitest';
import { containerCommand, type ContainedRun, type ContainerImage } from '../../../src/ops/tools/container.ts';

const image: ContainerImage = { engine: 'docker', rootless: false, name: 'postgres:18', id: 'sha256:abc', variables: {} };
const run: ContainedRun = {
  program: 'pg_dump',
  args: ['--file=/backups/making/dump'],
  variables: { PGHOST: 'db.example.com', PGPASSFILE: '/tmp/login/pgpass', LC_ALL: 'C' },
  paths: ['/backups/making', '/backups/making'],
  name: 'dbctl-pg-dump-1-ab',
  user: { uid: 1000, gid: 100 },
  reads: false,
};
const command = (changes: Partial<ContainedRun> = {}, of: Partial<ContainerImage> = {}) =>
  containerCommand({ ...image, ...of }, { ...run, ...changes });
const valuesOf = (words: readonly string[], option: string) => words.filter((_, index) => words[index - 1] === option);

describe('a client program in a container', () => {
  it('runs in the network of the machine, as the caller, sees what it was given, and is gone when it ends', () => {
    expect(command().join(' ')).toBe(
      '--log-level error run --rm --init --pull never --name dbctl-pg-dump-1-ab --label dbctl.program=client --network host ' +
        '--user 1000:100 --security-opt label=disable --security-opt no-new-privileges --read-only --log-driver none ' +
        '--mount type=bind,source=/backups/making,target=/backups/making ' +
        '--mount type=bind,source=/tmp/login/pgpass,target=/tmp/login/pgpass,readonly ' +
        '--env PGHOST=db.example.com --env PGPASSFILE=/tmp/login/pgpass --env LC_ALL=C ' +
        '--entrypoint pg_dump sha256:abc --file=/backups/making/dump',
    );
    expect(command({ reads: true })).toContain('--interactive');
  });

  it.each<[string, Partial<ContainerImage>, number, string[], string[]]>([
    ['of Docker', {}, 1000, ['1000:100'], []],
    ['of Docker without root', { rootless: true }, 1000, ['0:0'], []],
    ['of Podman', { engine: 'podman' }, 0, ['0:100'], []],
    ['of Podman without root', { engine: 'podman', rootless: true }, 1000, ['1000:100'], ['keep-id']],
  ])('%s writes files of the caller', (_name, of, uid, user, namespace) => {
    const words = command({ user: { uid, gid: 100 } }, of);
    expect([valuesOf(words, '--user'), valuesOf(words, '--userns')]).toEqual([user, namespace]);
  });

  it('sees the folder of a socket and the files of TLS, and can write neither', () => {
    const variables = {
      PGHOST: '/run/postgresql',
      PGSSLROOTCERT: '/etc/lab/ca.pem',
      PGSSLCERT: '/etc/lab/client.pem',
      PGSSLKEY: '/etc/lab/client.key',
    };
    expect(valuesOf(command({ variables, paths: [] }), '--mount')).toEqual(
      ['/etc/lab/ca.pem', '/etc/lab/client.pem', '/etc/lab/client.key', '/run/postgresql'].map(
        (path) => `type=bind,source=${path},target=${path},readonly`,
      ),
    );
    expect(valuesOf(command({ variables: { PGSSLROOTCERT: 'system' }, paths: [] }), '--mount')).toEqual([]);
  });

  it.each(['/backups/a,b', '/backups/"a"', '/backups/a\nb', 'backups'])('does not get the folder %j', (path) => {
    expect(() => command({ paths: [path] })).toThrow(
      `${JSON.stringify(path)} cannot be mounted into a container: it has a comma, a quote or a line break, or is relative`,
    );
  });
});
