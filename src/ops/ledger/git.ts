import { spawn } from 'node:child_process';
import { signalGroup } from '../process/group.ts';

export interface GitPlace {
  readonly repository: string;
  readonly branch: string;
  /** A note counts when it is there; null: the branch stays here. */
  readonly remote: string | null;
  /** Environment of git and of what it starts: PATH, HOME, the agent of ssh. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Given on every call: who commits, so that the machine's configuration is not needed, and nothing that goes on in the background. */
const SETTINGS = [
  '-c',
  'user.name=dbctl ledger',
  '-c',
  'user.email=ledger@dbctl.invalid',
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
];

/** Set where dbctl runs in a hook of another repository, they would send git there (git-rev-parse --local-env-vars, in part). */
const ELSEWHERE = /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX)$/;

/** Longest one command takes; a push over a slow line is done long before. */
const PATIENCE_MS = 120_000;

/** What git says, without white space around. Fails with an Error of its first line; a password in an address is not in it. */
export async function git(
  place: GitPlace,
  args: readonly string[],
  input = '',
  output: 'trimmed' | 'as it is' = 'trimmed',
): Promise<string> {
  const { status, stdout, stderr } = await runGit(place, args, input);
  if (status !== 0) throw new Error(`git ${args[0]}: ${firstLine(stderr) ?? `exit ${status}`}`);
  return output === 'trimmed' ? stdout.trim() : stdout;
}

/** The same, and null where git answers no: for questions such as whether a name is there. Fails where it cannot look. */
export async function gitOrNull(place: GitPlace, args: readonly string[]): Promise<string | null> {
  const { status, stdout, stderr } = await runGit(place, args, '');
  if (status === 0) return stdout.trim();
  if (status === 1) return null;
  throw new Error(`git ${args[0]}: ${firstLine(stderr) ?? `exit ${status}`}`);
}

/** True when `older` is in the history of `newer`. */
export async function isAncestor(place: GitPlace, older: string, newer: string): Promise<boolean> {
  return (await gitOrNull(place, ['merge-base', '--is-ancestor', older, newer])) !== null;
}

function firstLine(said: string): string | undefined {
  const lines = said.split('\n').map((line) => line.trim());
  const line = lines.find((one) => /^(?:fatal|error|remote|!)/.test(one)) ?? lines.find((one) => one !== '');
  return line?.replaceAll(/\/\/[^/@\s]*@/g, '//***@');
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What git started may hold its output open for minutes, such as the shared connection of ssh (ControlPersist): not waited for. */
const GRACE_MS = 1_000;

function runGit({ repository, variables }: GitPlace, args: readonly string[], input: string): Promise<Ended> {
  return new Promise((done, failed) => {
    const env = { ...withoutElsewhere(variables), GIT_TERMINAL_PROMPT: '0' };
    // In a session of its own there is no terminal to ask for a password at, neither for git nor for ssh.
    const child = spawn('git', ['-C', repository, ...SETTINGS, ...args], {
      stdio: 'pipe',
      detached: true,
      env,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
    }
    const timers = [
      setTimeout(() => {
        failed(new Error(`git ${args[0]}: no answer within ${PATIENCE_MS / 1000} seconds`));
        // git and what it started: ssh, a helper.
        signalGroup(child, 'SIGKILL');
      }, PATIENCE_MS),
    ];
    const end = (status: number | null) => {
      for (const timer of timers) clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      done({ status, ...said });
    };
    child.stdin.on('error', () => {});
    child.on('error', (thrown) => {
      for (const timer of timers) clearTimeout(timer);
      failed(new Error(`git cannot be run: ${thrown.message}`));
    });
    child.on('exit', (status) => timers.push(setTimeout(end, GRACE_MS, status)));
    child.on('close', end);
    child.stdin.end(input);
  });
}

const withoutElsewhere = (variables: GitPlace['variables']) =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !ELSEWHERE.test(name)));
