/** What JSON.stringify leaves raw and a terminal would act upon or hide, and the commands of CI runners (see visible.ts). */
const RAW = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]|#(?=#[a-z]*\[)/gu;

/**
 * JSON that is safe to print: the same value as `JSON.stringify` gives, with C1 controls, bidirectional marks and other
 * invisible characters as `\u` escapes. Outside of strings JSON has none of them but the line feeds of the indent.
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(RAW, (character) =>
    character === '\n' ? character : unicodeEscape(character),
  );
}

/** One line with a space after each comma and colon, as parsers of YAML 1.1 need it too. */
export function jsonLine(value: unknown): string {
  return jsonText(value, 1).replaceAll(/\n */g, ' ');
}

function unicodeEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
