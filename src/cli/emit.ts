import type { JsonObject } from '../core/json.ts';
import { visible } from '../core/visible.ts';
import { jsonText } from '../render/json-text.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
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
    else if (format === 'human') io.stdout.write(`${redactor.text(visible(line))}\n`);
    else if (!quiet) io.stderr.write(`${redactor.text(visible(line))}\n`);
  };
}
