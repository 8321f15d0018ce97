import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { homedir, tmpdir, userInfo } from 'node:os';
import type { Io } from '../../src/cli/io.ts';
import { withLockFile } from '../../src/ops/process/lock.ts';

export interface CliOptions {
  /** Default: a folder without dbctl.yaml. */
  readonly cwd?: string;
  /** On top of a bare environment (PATH and HOME); undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input; without it there is none. */
  readonly input?: string;
  /** Default one minute. */
  readonly timeoutMs?: number;
  /** Aborting sends SIGINT, as Ctrl-C does. */
  readonly signal?: AbortSignal;
}

export interface CliEnd {
  /** null when a signal ended it, the timeout's SIGKILL too. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'bin', 'dbctl.js');

/**
 * Runs the built program. Builds it first when a source file is newer. The first call of each command is a process, as of a user's shell (in
 * a worker, which runs many files); the next ones run the same built files here, which takes a third of the time. What only a process has (standard input, signals, an end
 * by force, an environment of its own) makes it one always, and so does a command that starts dbctl again by its own path.
 */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  return needsProcess(args, options) ? runProgram(args, options) : runHere(args, options);
}

/** As {@link runCli}, always as a process: for what is looked for in the list of processes. */
export async function runProgram(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  await ensureBuilt();
  return run([program, ...args], options);
}

/** Default of timeoutMs; who gives a command less wants to see it ended. */
const MINUTE = 60_000;
/** What libraries and child programs read from the environment of the process, whatever dbctl was given. */
const OF_PROCESS = /^(PATH|HOME|TMPDIR|TZ|NODE_OPTIONS|SSH_AUTH_SOCK|AWS_\w+)$/;
const seen = new Set<string>();

function needsProcess(args: readonly string[], { input, signal, env = {}, timeoutMs = MINUTE }: CliOptions): boolean {
  const words = args.filter((word) => /^[a-z][a-z-]*$/.test(word));
  const command = words.slice(0, 2).join(' ');
  const first = !seen.has(command);
  seen.add(command);
  const another = Object.keys(env).some((name) => OF_PROCESS.test(name) && env[name] !== process.env[name]);
  return first || another || input !== undefined || signal !== undefined || timeoutMs < MINUTE || words[0] === 'wal';
}

interface BuiltCli {
  readonly runCli: (io: Io) => Promise<number>;
}

/** In this process; ends with an error when it takes too long, since nothing here can be ended by force. */
async function runHere(args: readonly string[], { cwd, env, timeoutMs }: CliOptions): Promise<CliEnd> {
  await ensureBuilt();
  const { runCli: main } = (await import(pathToFileURL(join(root, 'dist', 'cli.js')).href)) as BuiltCli;
  const { PATH, HOME } = process.env;
  const variables = { PATH, HOME, ...env };
  const said = { stdout: '', stderr: '' };
  const status = await main({
    argv: args,
    stdin: {},
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
    variables,
    cwd: cwd ?? tmpdir(),
    home: variables.HOME ?? homedir(),
    user: userInfo().username,
    clock: () => new Date(),
    signal: AbortSignal.timeout(timeoutMs ?? MINUTE),
  });
  return { status, ...said };
}

function run(args: readonly string[], options: CliOptions): Promise<CliEnd> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: options.cwd ?? tmpdir(),
      env: { PATH, HOME, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? MINUTE);
    options.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
    }
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, ...said });
    });
    child.stdin?.end(options.input);
  });
}

let built: Promise<void> | undefined;

/** Once per process, and one process at a time: the others then find the fresh build. */
export function ensureBuilt(): Promise<void> {
  const wait = { signal: new AbortController().signal };
  return (built ??= withLockFile(join(tmpdir(), 'dbctl-test-build.lock'), wait, async () => {
    if (!(await isStale())) return;
    const { status, stderr } = await run(['--import', 'tsx', join(root, 'scripts', 'build.ts')], { cwd: root });
    if (status !== 0) throw new Error(`the build failed:\n${stderr}`);
  }));
}

async function isStale(): Promise<boolean> {
  const made = await stat(join(root, 'dist', 'main.js')).catch(() => undefined);
  if (made === undefined) return true;
  const sources = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const times = await Promise.all([...files, join(root, 'package.json')].map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times) > made.mtimeMs;
}
