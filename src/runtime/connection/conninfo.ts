import { fail } from '../../core/errors.ts';
import type { NamedValues } from './url.ts';

const SPACE = /[ \t\n\v\f\r]/;

/**
 * Reads `host=db port=5432 password='pass word'` by libpq's rules (conninfo_parse in fe-connect.c): blanks around `=` are
 * allowed, `'…'` holds blanks, `\` takes the next character as it is. Fails with config.invalid; the message says after which
 * parameter and never repeats the text, which may be the rest of an unquoted password.
 */
export function parseConninfo(text: string, from: string): NamedValues {
  const found: [string, string][] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const equals = nameEnd(text, at, () => missingEquals(from, found.at(-1)?.[0]));
    const name = text.slice(at, equals).trimEnd();
    const { value, end } = readValue(text, skipBlanks(text, equals + 1), () => unterminated(from, name));
    found.push([name, value]);
    at = skipBlanks(text, end);
  }
  return found;
}

/** Index of the `=` that ends the name at `start`. */
function nameEnd(text: string, start: number, missing: () => never): number {
  let at = start;
  while (at < text.length && text[at] !== '=' && !SPACE.test(text[at] ?? '')) at += 1;
  at = skipBlanks(text, at);
  return text[at] === '=' ? at : missing();
}

function readValue(text: string, start: number, unfinished: () => never): { value: string; end: number } {
  const quoted = text[start] === "'";
  let value = '';
  for (let at = quoted ? start + 1 : start; ; at += 1) {
    const character = text[at];
    if (character === undefined) return quoted ? unfinished() : { value, end: at };
    if (quoted ? character === "'" : SPACE.test(character)) return { value, end: at + 1 };
    if (character === '\\') at += 1;
    value += character === '\\' ? (text[at] ?? '') : character;
  }
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (at < text.length && SPACE.test(text[at] ?? '')) at += 1;
  return at;
}

function missingEquals(from: string, after: string | undefined): never {
  const where = after === undefined ? 'at its start' : `after ${/^\w{1,40}$/.test(after) ? after : 'the first parameters'}`;
  return fail('config.invalid', `${from}: missing "=" ${where}`, {
    hint: "Write name=value, and quote a value with spaces: password='pass word'.",
  });
}

function unterminated(from: string, name: string): never {
  const of = /^\w{1,40}$/.test(name) ? ` of ${name}` : '';
  return fail('config.invalid', `${from}: the quoted value${of} has no closing quote`, {
    hint: "Inside quotes write ' as \\' and \\ as \\\\.",
  });
}
