import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
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

/** Runs the built program as a user's shell does. Builds it first when a source file is newer. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  await ensureBuilt();
  return run([program, ...args], options);
}

function run(args: readonly string[], options: CliOptions): Promise<CliEnd> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: options.cwd ?? tmpdir(),
      env: { PATH, HOME, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
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
