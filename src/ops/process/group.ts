import type { ChildProcess } from 'node:child_process';

/** Sends a signal to a process that was started with `detached`, and to all it started: its group has its number. No group left is no error. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}
