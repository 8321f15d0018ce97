import type { Control } from './environment.ts';
import { withLockFile } from '../process/lock.ts';
import { makeLockFolder, type StateFolder } from './state.ts';

/**
 * One dbctl at a time starts, stops or resets a server; the others wait and then find what it did.
 * Fails with lock.held after two minutes, with server.failed when the state folder cannot be written.
 */
export async function withDevLock<T>(state: StateFolder, { progress, signal }: Control, use: () => Promise<T>): Promise<T> {
  await makeLockFolder(state);
  const onWait = (pid: number): void => progress.step(`waiting for another dbctl dev command (process ${pid})`).done();
  return withLockFile(state.lock, { signal, onWait, what: 'the development server' }, use);
}
