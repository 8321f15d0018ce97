import { homedir, userInfo } from 'node:os';
import { runCli } from './cli/run.ts';

// A closed pipe (`dbctl … | head`) is the reader's wish, not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first signal lets the command roll back and say what was done; the second does not wait.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

const status = await runCli({
  argv: process.argv.slice(2),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  variables: process.env,
  cwd: process.cwd(),
  home: homedir(),
  user: userInfo().username,
  clock: () => new Date(),
  signal: stop.signal,
});

// exitCode instead of exit(): whatever is still being written to a pipe gets there.
process.exitCode = status;
