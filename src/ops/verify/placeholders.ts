/**
 * Everything a `$1` may hide in: strings (with backslashes after E), quoted identifiers, comments, dollar quotes. Last the
 * placeholder itself, the only group with a number. Nested block comments are not followed: no check needs them.
 */
const TOKENS =
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*|)\$[\s\S]*?\$\1\$|(?<![\w$])\$(\d+)/g;

/** Replaces each `$n` of an SQL text, and nothing that only looks like one. */
export function replacePlaceholders(sql: string, replace: (number: number) => string): string {
  return sql.replace(TOKENS, (token: string, _tag: string | undefined, number: string | undefined) =>
    number === undefined ? token : replace(Number(number)),
  );
}

/** The numbers of the placeholders an SQL text uses, each once. */
export function placeholders(sql: string): ReadonlySet<number> {
  const found = new Set<number>();
  replacePlaceholders(sql, (number) => {
    found.add(number);
    return '';
  });
  return found;
}
