/** Drawn two columns wide: East Asian wide and full-width forms (UAX #11) and characters that are emoji by default. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
/** Drawn onto the character before them. */
const COMBINING = /[\p{Mn}\p{Me}]/u;
const ASCII = /^[\x20-\x7e]*$/;

/** Columns the text takes on a terminal. Expects text without control characters ({@link visible}). */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Fills up with spaces to `width` columns; longer text stays as it is. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + fill : fill + text;
}

/** As much of the start as fits into `width` columns. */
export function clip(text: string, width: number): string {
  return breakWord(text, width)[0] ?? '';
}

/** Breaks one line at spaces into lines of at most `width` columns; a word longer than that is cut. Never empty. */
export function wrap(text: string, width: number): string[] {
  if (displayWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line: string | undefined;
  let used = 0;
  for (const word of text.split(' ')) {
    const needed = displayWidth(word);
    if (line !== undefined && used + 1 + needed <= width) {
      line += ` ${word}`;
      used += 1 + needed;
      continue;
    }
    if (line !== undefined) lines.push(line);
    const parts = breakWord(word, width);
    line = parts.pop() ?? '';
    lines.push(...parts);
    used = displayWidth(line);
  }
  return [...lines, line ?? ''];
}

function characterWidth(character: string): number {
  if (WIDE.test(character)) return 2;
  return COMBINING.test(character) ? 0 : 1;
}

function breakWord(word: string, width: number): string[] {
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const character of word) {
    const needed = characterWidth(character);
    if (used + needed > width && part !== '') {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += character;
    used += needed;
  }
  return [...parts, part];
}
