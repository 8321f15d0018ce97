import { isAbsolute } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { ClientProgramName } from './program.ts';

/** An image of this machine with client programs, and the engine that runs it. */
export interface ContainerImage {
  readonly engine: 'docker' | 'podman';
  /** The engine runs without root: what is root inside is the caller outside. */
  readonly rootless: boolean;
  /** As it is called, for people. */
  readonly name: string;
  /** What it was when it was asked for its version: a name may be given to another image meanwhile. */
  readonly id: string;
  /** Environment of the engine's program. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What is to be run in a container. */
export interface ContainedRun {
  readonly program: ClientProgramName;
  readonly args: readonly string[];
  /** The whole of its environment. No secret is in it: `inspect` shows it to everybody who may ask the engine. */
  readonly variables: Readonly<Record<string, string>>;
  /** Folders and files the arguments name; they have the same path inside. */
  readonly paths: readonly string[];
  /** Of the container, by which it is ended. */
  readonly name: string;
  readonly user: { readonly uid: number; readonly gid: number };
  /** Something comes on its standard input. */
  readonly reads: boolean;
}

/**
 * Programs that need a server and folders of a backup, and nothing else. Those that work on data folders (pg_verifybackup, pg_combinebackup) follow
 * links to tablespaces anywhere, and link files from folder to folder, which two mounts do not allow; the archive of the log has its own programs.
 */
export const CONTAINED: readonly ClientProgramName[] = [
  'psql',
  'pg_dump',
  'pg_dumpall',
  'pg_restore',
  'pg_basebackup',
  'pg_amcheck',
];

/** Files a client program reads because a variable names them. */
const FILES = ['PGPASSFILE', 'PGSSLROOTCERT', 'PGSSLCERT', 'PGSSLKEY'] as const;

/**
 * What follows `docker` or `podman` to run a client program as if it were of this machine: in its network, as the caller, with the folders of the run
 * and no others, on an image that cannot be written. The password stays in its file of mode 0600, which is mounted. Pure. Fails with refused for
 * a path a mount cannot be written with.
 */
export function containerCommand(image: ContainerImage, run: ContainedRun): readonly string[] {
  return [
    // What the engine warns of is not what the program says.
    ['--log-level', 'error'],
    'run',
    '--rm',
    // The program as process 1 would not end on a signal it has no handler for.
    '--init',
    ['--pull', 'never'],
    ['--name', run.name],
    ['--label', 'dbctl.program=client'],
    ['--network', 'host'],
    userOptions(image, run.user),
    // A label for SELinux would be written onto the folders of the backups, and stay there.
    ['--security-opt', 'label=disable'],
    ['--security-opt', 'no-new-privileges'],
    '--read-only',
    // The engine keeps what a container prints, rows too.
    ['--log-driver', 'none'],
    run.reads ? ['--interactive'] : [],
    mountsOf(run).flatMap((mount) => ['--mount', mount]),
    Object.entries(run.variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ['--entrypoint', run.program],
    image.id,
    run.args,
  ].flat();
}

/** So that files belong to the caller, and a socket knows them (peer). */
function userOptions({ engine, rootless }: ContainerImage, { uid, gid }: ContainedRun['user']): readonly string[] {
  if (!rootless || uid === 0) return ['--user', `${uid}:${gid}`];
  return engine === 'podman' ? ['--userns', 'keep-id', '--user', `${uid}:${gid}`] : ['--user', '0:0'];
}

function mountsOf({ variables, paths }: ContainedRun): string[] {
  const host = variables['PGHOST'] ?? '';
  const files = FILES.map((name) => variables[name] ?? '');
  const read = [...files, isAbsolute(host) ? host : ''].filter((path) => path !== '' && path !== 'system');
  return [
    ...[...new Set(paths)].map((path) => mount(path, '')),
    ...[...new Set(read)].filter((path) => !paths.includes(path)).map((path) => mount(path, ',readonly')),
  ];
}

/** Unlike --volume it fails where there is no such folder, instead of making one that belongs to root. */
function mount(path: string, mode: string): string {
  if (!isAbsolute(path) || /[,"\n]/.test(path)) {
    fail(
      'refused',
      `${JSON.stringify(path)} cannot be mounted into a container: it has a comma, a quote or a line break, or is relative`,
      {
        hint: 'Name another folder, or use programs of this machine: dbctl tools install.',
      },
    );
  }
  return `type=bind,source=${path},target=${path}${mode}`;
}
