/**
 * Whether `schema.name` fits a pattern of roles.yaml, in which * stands for any letters of one part. Names are as the catalog has them,
 * unquoted. A part in double quotes is meant as it stands, with all its dots, spaces and stars.
 */
export function fits(pattern: string, schema: string, name: string): boolean {
  const [first, second] = partsOf(pattern);
  return first.test(schema) && second.test(name);
}

/** Whether things of the schema can fit a pattern; also whether the name of a schema is this one. */
export function fitsSchema(pattern: string, schema: string): boolean {
  return partsOf(pattern)[0].test(schema);
}

/** The regular expressions of the two parts of a pattern, in words that the server's regular expressions have as well. */
export function expressionsOf(pattern: string): readonly [schema: string, name: string] {
  const [first, second] = partsOf(pattern);
  return [first.source, second.source];
}

/** A name without *, and so meant as it stands. */
export function isName(pattern: string): boolean {
  return !pattern.replaceAll(QUOTED, '').includes('*');
}

/** The schema of a pattern, as the catalog has it, where its first part is a name. */
export function schemaOf(pattern: string): string {
  return plain(cut(pattern)[0]);
}

/** The second part of a pattern, as the catalog has it; of a routine without its arguments. */
export function nameOf(pattern: string): string {
  const [, second] = cut(pattern);
  return plain(second.startsWith('"') ? second.replace(/"[^"]*$/, '"') : second.replace(/\(.*$/s, ''));
}

const QUOTED = /"(?:[^"]|"")*"/g;

/** At the dot that stands in no quotes. */
function cut(pattern: string): [string, string] {
  const first = /^(?:"(?:[^"]|"")*"|[^."]*)/.exec(pattern)?.[0] ?? '';
  return [first, pattern.slice(first.length + 1)];
}

const plain = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

const compiled = new Map<string, readonly [RegExp, RegExp]>();

function partsOf(pattern: string): readonly [RegExp, RegExp] {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const [first, second] = cut(pattern);
  const made = [expression(first), expression(second)] as const;
  compiled.set(pattern, made);
  return made;
}

function expression(part: string): RegExp {
  const literal = plain(part).replaceAll(/[$.()[\]{}^+?|\\/*]/g, String.raw`\$&`);
  return new RegExp(`^${part.startsWith('"') ? literal : literal.replaceAll(String.raw`\*`, '.*')}$`, 's');
}
