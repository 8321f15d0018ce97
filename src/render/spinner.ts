import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { visible } from '../core/visible.ts';
import { wrap } from './width.ts';

/** A line at the terminal that turns while something is at work. */
export interface Spinner {
  say(text: string): void;
  /** Leaves the line as it ended. */
  end(how: 'done' | 'failed', text: string): void;
}

const FRAMES = ['◒', '◐', '◓', '◑'];
const FRAME_MS = 80;
const ENDS = { done: styleText('green', '◇'), failed: styleText('red', '▲') } as const;
const TO_LINE_START = '\r\u001b[J';

/**
 * It writes and never reads: a spinner that puts the terminal into raw mode takes Ctrl-C for itself, and @clack's then ends the process
 * with status 0, whatever was to be undone (a role that was lent, a lock, half a backup). So Ctrl-C stays the SIGINT that dbctl waits for.
 */
export function startSpinner(output: Writable & { columns?: number }, name: string, now: () => number): Spinner {
  const started = now();
  let text = name;
  let frame = 0;
  const line = (mark: string): string => {
    const [first = ''] = wrap(`${visible(text)} ${took(now() - started)}`, (output.columns ?? 80) - 4);
    return `${mark}  ${first}`;
  };
  output.write(`${styleText('gray', '│')}\n`);
  const timer = setInterval(() => {
    output.write(`${TO_LINE_START}${line(styleText('magenta', FRAMES[frame++ % FRAMES.length] ?? ''))}`);
  }, FRAME_MS);
  return {
    say: (said) => (text = said),
    end(how, said) {
      clearInterval(timer);
      output.write(`${TO_LINE_START}${ENDS[how]}  ${visible(said)} ${took(now() - started)}\n`);
    },
  };
}

function took(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? `[${seconds}s]` : `[${Math.floor(seconds / 60)}m ${seconds % 60}s]`;
}
