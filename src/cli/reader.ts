import { spawn, type ChildProcess } from 'node:child_process';
import { fstatSync } from 'node:fs';

/**
 * Aborted when nobody reads standard output any more. A write to a closed pipe says so, which `told` passes on. A command that waits for
 * something to say would wait for ever: only poll() tells of a pipe whose reader left, and Node.js has none for it. GNU tail has: it ends
 * by SIGPIPE then. Where tail is another, or is missing, the next write tells.
 */
export function readerGone(told: AbortSignal): () => AbortSignal {
  const gone = new AbortController();
  const signal = AbortSignal.any([told, gone.signal]);
  let watching = false;
  return () => {
    if (!watching && isPipe()) waitWith(() => gone.abort());
    watching = true;
    return signal;
  };
}

function isPipe(): boolean {
  try {
    return fstatSync(1).isFIFO();
  } catch {
    return false;
  }
}

/** `--pid` ends it with this process, however that ends: it holds the pipe open. */
function waitWith(leave: () => void): void {
  const args = [`--pid=${process.pid}`, '-f', '/dev/null'];
  // Its environment is nobody's: passwords may be in ours.
  const tail: ChildProcess = spawn('tail', args, { env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'inherit', 'ignore'] });
  tail.unref();
  const stop = () => tail.kill();
  process.once('exit', stop);
  tail.once('error', () => {});
  tail.once('exit', (_status, by) => {
    process.removeListener('exit', stop);
    if (by === 'SIGPIPE') leave();
  });
}
