import type { Item } from '../../core/report.ts';
import { displayWidth, wrap } from '../width.ts';
import { indented } from './lines.ts';
import type { Style } from './style.ts';

/**
 * What can be pasted to make the item pass, under its heading. Into a file or a pipe it goes as it is; a terminal would break a long line in
 * the middle of a word, so there it is broken before, where pasting takes no notice: see {@link folded}.
 */
export function fixLines({ fix }: Item, depth: number, { width, terminal }: Style): string[] {
  if (fix === null || fix.trim() === '') return [];
  const lines = indented(fix, 0);
  const shown = terminal ? lines.flatMap((line) => folded(line, width - depth - 2)) : lines;
  return [`${' '.repeat(depth)}fix:`, ...shown.map((line) => `${' '.repeat(depth + 2)}${line}`.trimEnd())];
}

/** A shell would run the half of a broken command; what is indented belongs to a file or to a line above; a dollar quote keeps its blanks. */
const UNBROKEN =
  /^(?:\s|[#$\\]|(?:dbctl|npm|npx|psql|pg_\w+|apt\S*|systemctl|sudo|rm|mv|cp|openssl|sed|docker|kubectl)\s)|\$\w*\$/;

/** Sentences break at blanks, statements at blanks outside of quotes, and each line of a comment is one. A word is never broken. */
function folded(line: string, width: number): string[] {
  if (displayWidth(line) <= width || UNBROKEN.test(line)) return [line];
  const [, code = '', comment] = /^((?:'[^']*'|"[^"]*"|[^'"])*?)(?:\s*(?<!\S)--\s+(.*))?$/.exec(line) ?? ['', line];
  const remark = comment === undefined ? [] : wrap(comment, width - 3).map((part) => `-- ${part}`);
  return [...(code === '' ? [] : filled(words(code), width)), ...remark];
}

/** Blanks in quotes are no place to break; a quote that is never closed is an apostrophe. */
function words(code: string): string[] {
  return code.match(/(?:'[^']*'|"[^"]*"|[^'"\s]|['"](?=[^'"]*$))+/g) ?? [code];
}

function filled(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    const joined = `${line} ${part}`;
    if (line !== undefined && displayWidth(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(lines.length === 0 ? part : `  ${part}`);
  }
  return lines;
}
