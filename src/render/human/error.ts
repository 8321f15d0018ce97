import type { SourcePosition } from '../../core/errors.ts';
import type { ReportError } from '../../core/report.ts';
import { locationText } from '../location.ts';
import { visible, visibleCharacters } from '../../core/visible.ts';
import { clip, displayWidth, wrap } from '../width.ts';
import { paragraphs } from './lines.ts';
import type { Style } from './style.ts';

/**
 * `error: …`, the place with its source line and a caret, what the server said besides, SQLSTATE, dbctl's own code, and
 * last, where the eye rests, the hint.
 */
export function errorLines(error: ReportError, exitCode: number, style: Style): string {
  const { code, message, hint, sqlstate, detail, position } = error;
  const lines = [
    ...labelled('error', message, style),
    ...(position === undefined ? [] : placeLines(position, style)),
    ...(detail === undefined ? [] : labelled('detail', detail, style)),
    ...(sqlstate === undefined ? [] : labelled('sqlstate', sqlstate, style)),
    ...labelled('code', `${code} (exit ${exitCode})`, style),
    ...(hint === null ? [] : labelled('hint', hint, style)),
  ];
  return lines.join('\n');
}

function labelled(label: string, text: string, style: Style): string[] {
  const paint = label === 'error' ? style.paint.bad : style.paint.strong;
  const [first = '', ...more] = paragraphs(text, style.width - displayWidth(label) - 2);
  return [`${paint(`${label}:`)} ${first}`.trimEnd(), ...more.map((line) => `  ${line}`)];
}

function placeLines(position: SourcePosition, style: Style): string[] {
  const place = wrap(visible(locationText(position)), style.width - 5).map(
    (line, index) => `${index === 0 ? ' at' : '   '} ${line}`,
  );
  if (position.text === undefined) return place;
  const number = String(position.line);
  const gutter = `${' '.repeat(number.length + 1)} | `;
  const { shown, caret } = excerpt(position.text, position.column, style.width - gutter.length, style.symbols.ellipsis);
  return [
    ...place,
    `${style.paint.faint(` ${number} | `)}${shown}`.trimEnd(),
    `${style.paint.faint(gutter)}${' '.repeat(caret)}${style.paint.bad('^')}`,
  ];
}

/**
 * The part of the source line around the column (counted in characters from 1, as the server counts), and how many columns
 * of the terminal stand before the caret.
 */
function excerpt(line: string, column: number, width: number, ellipsis: string): { shown: string; caret: number } {
  const characters = visibleCharacters(line).map((character) => (character === '\\t' ? '    ' : character));
  const at = Math.min(Math.max(column - 1, 0), characters.length);
  let before = displayWidth(characters.slice(0, at).join(''));
  let from = 0;
  for (; from < at && before > (width * 2) / 3; from += 1) before -= displayWidth(characters[from] ?? '');
  const start = from === 0 ? '' : ellipsis;
  const caret = displayWidth(start) + before;
  const whole = start + characters.slice(from).join('');
  if (displayWidth(whole) <= width) return { shown: whole, caret };
  return { shown: clip(whole, width - displayWidth(ellipsis)) + ellipsis, caret };
}
