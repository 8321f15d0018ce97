import type { Writable } from 'node:stream';
import { paceText, withSample, type Sample } from '../core/pace.ts';
import type { Progress, ProgressStep } from '../core/progress.ts';
import { startSpinner } from './spinner.ts';

/** A spinner keeps the process alive; `stop` ends the one a step that failed has left turning. */
export interface StoppableProgress extends Progress {
  stop(): void;
}

/** A spinner per step on the given terminal. A step inside a step shows on the outer one's line: two spinners would overwrite each other. */
export function spinnerProgress(output: Writable, now: () => number): StoppableProgress {
  let outer: { readonly name: string; say(text: string): void; stop(): void } | undefined;
  return {
    stop: () => outer?.stop(),
    step(name, total, unit = 'things') {
      let samples: readonly Sample[] = [{ at: now(), done: 0 }];
      const counted = (more: number, note?: string) => {
        samples = withSample(samples, { at: now(), done: (samples.at(-1)?.done ?? 0) + more });
        return `${name} ${paceText(samples, total, unit)}${note === undefined ? '' : ` ${note}`}`;
      };
      if (outer !== undefined) return innerStep(name, counted, outer);
      const spin = startSpinner(output, name, now);
      outer = { name, say: (text) => spin.say(text), stop: () => spin.end('failed', name) };
      const end = (show: (text: string) => void, note?: string): void => {
        outer = undefined;
        show(note === undefined ? name : `${name}: ${note}`);
      };
      return {
        tick: (more, note) => spin.say(counted(more, note)),
        done: (note) => end((text) => spin.end('done', text), note),
        failed: (note) => end((text) => spin.end('failed', text), note),
      };
    },
  };
}

function innerStep(
  name: string,
  counted: (more: number, note?: string) => string,
  outer: { readonly name: string; say(text: string): void },
): ProgressStep {
  outer.say(`${outer.name}: ${name}`);
  return {
    tick: (more, note) => outer.say(`${outer.name}: ${counted(more, note)}`),
    done: () => outer.say(outer.name),
    failed: () => outer.say(outer.name),
  };
}
