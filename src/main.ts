import { homedir, userInfo } from 'node:os';
import { readerGone } from './cli/reader.ts';
import { version } from './package.ts';

// A closed pipe (`dbctl … | head`) is the reader's wish, not an error: what was begun is done, and who waits for something to say stops.
const refusedWrite = new AbortController();
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (stream === process.stdout) refusedWrite.abort();
  });
}

// The SDK of object storage would say at each run that it will leave Node.js 20 in 2027: on standard error of every archive_command.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// Scripts ask for the version often, and nothing needs to be loaded to tell it.
if (process.argv[2] === '--version') process.stdout.write(`${version()}\n`);
else process.exitCode = await run();
// exitCode instead of exit(): whatever is still being written to a pipe gets there.

async function run(): Promise<number> {
  const { runCli } = await import('./cli/run.ts');
  return runCli({
    argv: process.argv.slice(2),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    variables: process.env,
    cwd: process.cwd(),
    home: homedir(),
    user: userInfo().username,
    clock: () => new Date(),
    signal: abortOnSignals(),
    unread: readerGone(refusedWrite.signal),
  });
}

/** The first signal lets the command roll back and say what was done; the second does not wait. */
function abortOnSignals(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  }
  return stop.signal;
}
