import * as z from 'zod';
import { DURATION_EXPECTED, DURATION_PATTERN, durationAdvice, parseDuration } from './duration.ts';

/** What the reference calls a kind of value, how a variable's text becomes one, and what to write instead of a near miss. */
export interface Kind {
  readonly name: string;
  readonly reads: 'text' | 'number' | 'boolean' | 'list';
  readonly advice?: (value: unknown) => string | undefined;
  /** The words accepted, where there are only some. */
  readonly words?: readonly string[];
}

/** The kinds of all leaf schemas below; wrappers (default, optional) are looked through. */
export const kinds = z.registry<Kind>();

/** Keys a kind of mapping does not have though its neighbours do, each with the reason. */
export const strangers = z.registry<Readonly<Record<string, string>>>();

/** Text of one form. `expected` completes the sentence «expected …, found …». */
export function text(name: string, form: RegExp, expected: string, advice?: Kind['advice']): z.ZodString {
  const error = `expected ${expected}`;
  const schema = z.string({ error }).regex(form, { error });
  return schema.register(kinds, { name, reads: 'text', ...(advice === undefined ? {} : { advice }) });
}

/** `long` replaces the list of words where that would be too long to read. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  long?: { name: string; expected: string },
) {
  const schema = z.enum(words, { error: `expected ${long?.expected ?? `one of ${words.join(', ')}`}` });
  const name = long?.name ?? words.map((word) => `\`${word}\``).join(' ');
  return schema.register(kinds, { name, reads: 'text', words });
}

export function wholeNumber(least: number, most: number) {
  const error = `expected a whole number from ${least} to ${most}`;
  const schema = z.int({ error }).min(least, { error }).max(most, { error });
  return schema.register(kinds, { name: `${least} to ${most}`, reads: 'number' });
}

export function oneNumberOf<const Allowed extends number>(numbers: readonly Allowed[]): z.ZodLiteral<Allowed> {
  const expected = numbers.length === 1 ? 'the number' : 'one of the numbers';
  const schema = z.literal(numbers, { error: `expected ${expected} ${numbers.join(', ')}` });
  kinds.add(schema, { name: numbers.map((number) => `\`${number}\``).join(' '), reads: 'number' });
  return schema;
}

export function yesOrNo() {
  const schema = z.boolean({ error: 'expected true or false' });
  return schema.register(kinds, { name: '`true` `false`', reads: 'boolean', advice: booleanAdvice });
}

/** YAML 1.1 read these as booleans; 1.2, which dbctl follows, does not. */
function booleanAdvice(value: unknown): string | undefined {
  const word = String(value).toLowerCase();
  if (['yes', 'on', 'y', '1', 'true'].includes(word)) return 'write true';
  return ['no', 'off', 'n', '0', 'false'].includes(word) ? 'write false' : undefined;
}

/** A list without repetitions. */
export function listOf<Item extends z.ZodType<string>>(entry: Item, expected: string, least = 0) {
  const error = `expected ${expected}`;
  const schema = z.array(entry, { error }).min(least, { error }).check(noRepetition).meta({ uniqueItems: true });
  return schema.register(kinds, { name: 'list', reads: 'list' });
}

function noRepetition(payload: z.core.ParsePayload<string[]>): void {
  payload.value.forEach((entry, index) => {
    if (payload.value.indexOf(entry) === index) return;
    payload.issues.push({ code: 'custom', input: entry, path: [index], message: `${JSON.stringify(entry)} is listed twice` });
  });
}

/** A mapping with exactly these keys, none of them required unless its schema says so. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: 'expected a mapping' });
}

/** Text with a unit in the file, milliseconds once loaded. */
export function duration() {
  const error = DURATION_EXPECTED;
  const written = z.union([z.string({ error }).regex(DURATION_PATTERN, { error }), z.literal(0, { error })], { error });
  const schema = written.transform((value, context) => {
    try {
      return parseDuration(String(value));
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: (thrown as RangeError).message });
      return z.NEVER;
    }
  });
  return schema.register(kinds, { name: 'duration', reads: 'text', advice: durationAdvice });
}

/** A value of a server's setting, as text once loaded. YAML reads `on` as text and `true` as a boolean. */
export function settingValue() {
  const error = 'expected the value of a setting: text, a number, true or false';
  const schema = z.union([z.string(), z.number(), z.boolean()], { error }).transform(String);
  return schema.register(kinds, { name: 'setting', reads: 'text' });
}

/** A list of mappings, no two of which say the same under `key`. */
export function listOfDistinct<const Key extends string, Entry extends z.ZodType<Readonly<Record<Key, string>>>>(
  entry: Entry,
  key: Key,
  expected: string,
) {
  return z
    .array(entry, { error: `expected ${expected}` })
    .check((payload) => {
      const said = new Set<unknown>();
      payload.value.forEach(({ [key]: name }, index) => {
        if (!said.has(name)) return void said.add(name);
        payload.issues.push({
          code: 'custom',
          input: name,
          path: [index, key],
          message: `${JSON.stringify(name)} is listed twice`,
        });
      });
    })
    .register(kinds, { name: 'list of mappings', reads: 'list' });
}
