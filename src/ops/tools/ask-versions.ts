import { spawn } from 'node:child_process';
import { signalGroup } from '../process/group.ts';
import { BARE } from '../process/program.ts';

/**
 * Asks each program that is there and may be run for its version, all at once, each in the background of one shell: to start a process from
 * Node.js takes it some 10 ms in which it does nothing else (38 programs: 420 of the 650 ms of a look at one's machine), from a shell
 * one. A program's answer is one write of less than PIPE_BUF, so that answers do not mix.
 */
const ASK = `
number=0
for program do
  if [ -f "$program" ] && [ -x "$program" ]; then
    { said=$("$program" --version </dev/null 2>/dev/null); printf '%s %.500s\\000' "$number" "$said"; } &
  fi
  number=$((number + 1))
done
wait`;

/**
 * What programs answer to `--version`, by path. Those that are not there, do not run, or have not answered after `patienceMs` milliseconds
 * are not in it, and none of them runs any more. Rejects where there is no shell.
 */
export async function askVersions(paths: readonly string[], patienceMs: number): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map();
  const answers = (await output(['-c', ASK, 'sh', ...paths], patienceMs)).split('\0').slice(0, -1);
  return new Map(
    answers.flatMap((answer) => {
      const end = answer.indexOf(' ');
      const path = paths[Number(answer.slice(0, end))];
      return path === undefined ? [] : [[path, answer.slice(end + 1)] as const];
    }),
  );
}

function output(args: readonly string[], patienceMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const shell = spawn('/bin/sh', args, { cwd: '/', env: BARE, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    const said: Buffer[] = [];
    const late = setTimeout(() => signalGroup(shell, 'SIGKILL'), patienceMs);
    shell.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    shell.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    shell.on('close', () => {
      clearTimeout(late);
      resolve(Buffer.concat(said).toString('utf8'));
    });
  });
}
