import type { Writable } from 'node:stream';
import { spinner } from '@clack/prompts';
import type { Progress } from '../core/progress.ts';

/** A spinner per step on the given terminal. */
export function spinnerProgress(output: Writable): Progress {
  return {
    step(name, total) {
      const spin = spinner({ output, indicator: 'timer' });
      spin.start(name);
      return {
        tick: (done, note) =>
          spin.message(`${name} ${done}${total === undefined ? '' : `/${total}`}${note === undefined ? '' : ` ${note}`}`),
        done: (note) => spin.stop(note === undefined ? name : `${name}: ${note}`),
        failed: (note) => spin.error(note === undefined ? name : `${name}: ${note}`),
      };
    },
  };
}
