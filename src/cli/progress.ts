import type { Writable } from 'node:stream';
import { paceText, withSample, type Sample } from '../core/pace.ts';
import { silentProgress } from '../core/progress.ts';
import type { StoppableProgress } from '../render/progress.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io, Output } from './io.ts';

/** Progress on stderr: a spinner at a terminal, lines in a pipe, nothing with `--quiet`. */
export async function buildProgress(io: Io, globals: GlobalOptions): Promise<StoppableProgress> {
  if (globals.quiet) return { ...silentProgress, stop() {} };
  if (io.stderr.isTTY === true) {
    const { spinnerProgress } = await import('../render/progress.ts');
    return spinnerProgress(io.stderr as Output & Writable, () => io.clock().getTime());
  }
  return lineProgress(
    (line) => io.stderr.write(`${line}\n`),
    () => io.clock().getTime(),
  );
}

/** At most one line in ten seconds for a running step, so that CI logs stay readable and a hang is still visible. */
const TICK_EVERY_MS = 10_000;

function lineProgress(write: (line: string) => void, now: () => number): StoppableProgress {
  return {
    stop() {},
    step(name, total, unit = 'things') {
      const started = now();
      let last = started;
      let samples: readonly Sample[] = [{ at: started, done: 0 }];
      const took = (note?: string) => `${note === undefined ? '' : `: ${note}`} (${now() - started} ms)`;
      return {
        tick(more, note) {
          const at = now();
          samples = withSample(samples, { at, done: (samples.at(-1)?.done ?? 0) + more });
          if (at - last < TICK_EVERY_MS) return;
          last = at;
          write(`${name}: ${paceText(samples, total, unit)}${note === undefined ? '' : ` ${note}`}`);
        },
        done: (note) => write(`${name}${took(note)}`),
        failed: (note) => write(`${name} failed${took(note)}`),
      };
    },
  };
}
