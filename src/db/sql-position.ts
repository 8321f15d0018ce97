import type { SourcePosition } from '../core/errors.ts';

/**
 * Where in a text the server's error position points.
 *
 * @param text the SQL as it was sent, or the part of it that came from `file`
 * @param offset characters (code points, from 1) as in the server's `position` field, already relative to `text`
 * @returns undefined when the offset lies outside the text (the error is in what dbctl wrapped around it)
 */
export function sqlPosition(file: string, text: string, offset: number): SourcePosition | undefined {
  const points = Array.from(text);
  if (!Number.isInteger(offset) || offset < 1 || offset > points.length + 1) return undefined;
  const before = points.slice(0, offset - 1).join('');
  const lineStart = before.lastIndexOf('\n') + 1;
  const rest = text.slice(before.length);
  const lineEnd = rest.search(/\r?\n/);
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : before.length + lineEnd);
  return {
    file,
    line: before.split('\n').length,
    column: Array.from(before.slice(lineStart)).length + 1,
    text: line,
  };
}
