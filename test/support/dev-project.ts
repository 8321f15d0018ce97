import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { silentProgress } from '../../src/core/progress.ts';
import type { RunningServer } from '../../src/ops/dev/engine.ts';
import type { Control, DevEnvironment, DevProject } from '../../src/ops/dev/environment.ts';
import type { Major } from '../../src/ops/dev/lines.ts';
import { stateFolder, type StateFolder } from '../../src/ops/dev/state.ts';
import { devUp, type UpOutcome, type UpWish } from '../../src/ops/dev/up.ts';
import { makeServerFolder } from './server.ts';
import { guardServers } from './watchdog.ts';

/** A project with a state folder of its own, for tests of the development server. Its servers end with `remove`, at the latest. */
export interface TestProject {
  /** Holds the project's folder and the state folder. */
  readonly folder: string;
  readonly environment: DevEnvironment;
  readonly project: DevProject;
  readonly control: Control;
  state(major?: Major): StateFolder;
  up(wish?: Partial<UpWish>): Promise<UpOutcome & { readonly server: RunningServer }>;
  remove(): Promise<void>;
}

/** `stateHome`: the state folder's name below the test's own folder. */
export async function makeProject(name = 'learning-lab', stateHome = 'state'): Promise<TestProject> {
  const folder = await makeServerFolder();
  const remove = guardServers(folder);
  const projectFolder = join(folder, name);
  await mkdir(projectFolder);
  const environment = { projectFolder, variables: { DBCTL_STATE_HOME: join(folder, stateHome) }, home: folder };
  const project: DevProject = { project: name, dev: { version: 18, engine: 'embedded', database: name.replaceAll('-', '_') } };
  const control = { progress: silentProgress, signal: new AbortController().signal };
  return {
    folder,
    environment,
    project,
    control,
    remove,
    state: (major = 18) => stateFolder(environment, major),
    async up(wish = {}) {
      const outcome = await devUp(environment, project, { major: 18, ...wish }, control);
      if (outcome.server === undefined) throw new Error('dev up gave no server');
      return { ...outcome, server: outcome.server };
    },
  };
}

/** What `dev up` in a process of its own printed, as JSON. */
export interface UpEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface UpProcess {
  readonly pid: number;
  readonly ended: Promise<UpEnd>;
  /** SIGKILL to dbctl alone: what it started goes on. */
  kill(): void;
}

export interface UpProcessOptions {
  /** Whom it runs as. */
  readonly account?: { readonly uid: number; readonly gid: number };
  /** `begin starting`, `end creating`: it kills itself at the first progress step whose name begins so. */
  readonly killAt?: string;
}

/** Runs `dev up` in a process of its own: for races, kills and other users. */
export function upInProcess({ environment, project }: TestProject, { account, killAt }: UpProcessOptions = {}): UpProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('dev-up-process.ts', import.meta.url))], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH: process.env['PATH'], HOME: environment.home, TEST_DEV: JSON.stringify({ environment, project, killAt }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  const ended = new Promise<UpEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...said }));
  });
  return { pid: child.pid ?? 0, ended, kill: () => void child.kill('SIGKILL') };
}

/** The first column of the first row. */
export async function ask(server: { port: number; password: string }, sql: string, database = 'postgres'): Promise<unknown> {
  const { port, password } = server;
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}
