import { spawn } from 'node:child_process';

/** Runs a command of this very program in a process of its own, which goes on when this one ends and says nothing. */
export function startInBackground(args: readonly string[]): void {
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], { detached: true, stdio: 'ignore' });
  // Whoever starts it can do without it.
  child.on('error', () => {});
  child.unref();
}
