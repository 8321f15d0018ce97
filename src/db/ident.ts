/**
 * Quotes one identifier, always: `ident('user')` is `"user"`, so that keywords, capitals, quotes and newlines are safe.
 * Fails with RangeError for names PostgreSQL cannot have: empty, or with a NUL. A name over 63 bytes would be cut silently by the
 * server and then mean another object, so it is refused as well.
 * Source: PostgreSQL manual, "Identifiers and Key Words" (NAMEDATALEN - 1 = 63 bytes).
 */
export function ident(name: string): string {
  if (name === '') throw new RangeError('an identifier cannot be empty');
  if (name.includes('\0')) throw new RangeError('an identifier cannot contain a NUL character');
  if (Buffer.byteLength(name) > 63) throw new RangeError(`identifier longer than 63 bytes: ${name}`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `schema.name`, both quoted. */
export function qualified(schema: string, name: string): string {
  return `${ident(schema)}.${ident(name)}`;
}

/**
 * Quotes one text value for the few statements that take no parameters (utility commands such as COMMENT, SET, CREATE ROLE).
 * With a backslash the E'' form is used, so that the meaning does not depend on standard_conforming_strings.
 * Fails with RangeError on a NUL, which no text value can hold.
 */
export function literal(value: string): string {
  if (value.includes('\0')) throw new RangeError('a text value cannot contain a NUL character');
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? `E${quoted}` : quoted;
}

/** `schema.name` as written by people, split at the first dot; without a dot the schema is `public`. */
export function splitName(name: string): { readonly schema: string; readonly name: string } {
  const dot = name.indexOf('.');
  return dot === -1 ? { schema: 'public', name } : { schema: name.slice(0, dot), name: name.slice(dot + 1) };
}
