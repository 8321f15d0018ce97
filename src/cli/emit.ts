import type { JsonObject } from '../core/json.ts';
import { visible } from '../core/visible.ts';
import { wrap } from '../render/width.ts';
import { jsonText } from '../render/json-text.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io, Output } from './io.ts';
import type { Redactor } from './secrets.ts';

/**
 * What a command that goes on says before its report: a line to people, an object a line in ndjson. Where stdout is to be one document the
 * lines go to stderr, which is the conversation.
 */
export function buildEmit(
  io: Io,
  { format, quiet }: GlobalOptions,
  redactor: Redactor,
): (event: JsonObject, line: string) => void {
  return (event, line) => {
    if (format === 'ndjson') io.stdout.write(`${jsonText({ type: 'event', event: redactor.value(event) })}\n`);
    else if (format === 'human') io.stdout.write(shown(redactor.text(visible(line)), io.stdout));
    else if (!quiet) io.stderr.write(shown(redactor.text(visible(line)), io.stderr));
  };
}

/** One line where another program reads it; a terminal would break it in the middle of a word. */
function shown(line: string, { isTTY = false, columns = 0 }: Output): string {
  const [first = '', ...more] = isTTY && columns > 0 ? wrap(line, Math.max(columns - 2, 38)) : [line];
  return `${[first, ...more.map((part) => `  ${part}`)].join('\n')}\n`;
}
