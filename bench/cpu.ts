import { spawnSync } from 'node:child_process';

/**
 * CPU milliseconds (user and system) of one run of a program and its children, measured by the shell. The output is thrown away.
 * Fails when the program does.
 */
export function cpuMs(command: readonly string[]): number {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const script = `TIMEFORMAT='%3U %3S'; time ${quoted} >/dev/null 2>/dev/null`;
  const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const times = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(stderr);
  if (status !== 0 || times === null) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  return (Number(times[1]) + Number(times[2])) * 1000;
}

/** The value a tenth of the runs stay below: the least disturbed ones, without trusting a single lucky one. */
export function lowDecile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 10)] ?? Number.NaN;
}
