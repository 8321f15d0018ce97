import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Waits for the end of its input, which comes when the process that holds the other end has ended, in whatever way; SIGKILL leaves a
 * process no time to clean up after itself. Then it ends every server below the folder and removes the folder.
 * A process is taken for the server only when it works in the data folder (checked where /proc tells).
 */
const SCRIPT = `
read -r ignored
find "$1" -name postmaster.pid 2>/dev/null | while read -r file; do
  data=$(dirname "$file")
  pid=$(head -n 1 "$file")
  if [ -d /proc/self ] && [ "$(readlink "/proc/$pid/cwd")" != "$data" ]; then continue; fi
  kill -QUIT "$pid" 2>/dev/null
done
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$1" 2>/dev/null && [ ! -e "$1" ] && exit 0
  sleep 0.5
done
`;

/**
 * Guards a folder with test servers in it: they never outlive this process. Returns what ends the guard; whatever is still
 * below the folder then is stopped and removed too.
 */
export function guardServers(folder: string): () => Promise<void> {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.unref();
  (child.stdin as unknown as Socket).unref();
  return async () => {
    child.ref();
    child.stdin.end();
    await ended;
  };
}
