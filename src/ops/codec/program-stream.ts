import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

/** The caller's environment is kept from the program on purpose: a secret in it would sit in /proc, and ZSTD_CLEVEL would change the level. */
const BARE = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };

/** What goes in is the program's standard input, what comes out its standard output; fails where the program does not end with 0. */
export function programStream(file: string, args: readonly string[]): Duplex {
  const child = spawn(file, args, { cwd: '/', env: BARE, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, 1_000)));
  const stream = new Duplex({
    readableHighWaterMark: 1 << 20,
    writableHighWaterMark: 1 << 20,
    write(chunk: Buffer, _encoding, done) {
      // A program that ends early closes the pipe, and its status says why: told when it is known.
      child.stdin.write(chunk, (error) => (error === null || error === undefined ? done() : void 0));
    },
    final(done) {
      child.stdin.end(() => done());
    },
    read() {
      child.stdout.resume();
    },
    destroy(error, done) {
      child.kill('SIGKILL');
      done(error);
    },
  });
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.on('error', (error) => stream.destroy(error));
  child.on('close', (status, by) => {
    if (status === 0) stream.push(null);
    else if (!stream.destroyed) stream.destroy(new Error(said.trim().split('\n')[0] || `${file} ended with ${by ?? status}`));
  });
  return stream;
}
