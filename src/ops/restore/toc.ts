/** One line of the table of contents of a dump. */
export interface TocEntry {
  readonly id: number;
  /** pg_dump's word for it: `TABLE DATA`, `FK CONSTRAINT`. */
  readonly kind: string;
  /** `-` where it is in none. */
  readonly schema: string;
  /** As pg_dump tags it: `base touches` of a trigger. */
  readonly name: string;
  /** Empty where it has none. */
  readonly owner: string;
  /** Ids of what it needs to be there; some are of entries the dump has no line for. */
  readonly needs: readonly number[];
  /** As pg_restore takes it back in a list. */
  readonly line: string;
}

/**
 * Kinds of more than one word: nothing else tells where the kind ends and the schema begins (pg_dump.c, ARCHIVE_OPTS .description).
 */
const LONG_KINDS = [
  'ACCESS METHOD',
  'BLOB COMMENTS',
  'BLOB METADATA',
  'CHECK CONSTRAINT',
  'DEFAULT ACL',
  'EVENT TRIGGER',
  'FK CONSTRAINT',
  'FOREIGN DATA WRAPPER',
  'FOREIGN SERVER',
  'FOREIGN TABLE',
  'INDEX ATTACH',
  'LARGE OBJECT',
  'MATERIALIZED VIEW DATA',
  'MATERIALIZED VIEW',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'PROCEDURAL LANGUAGE',
  'PUBLICATION TABLES IN SCHEMA',
  'PUBLICATION TABLE',
  'ROW SECURITY',
  'SECURITY LABEL',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'SHELL TYPE',
  'STATISTICS DATA',
  'SUBSCRIPTION TABLE',
  'TABLE ATTACH',
  'TABLE DATA',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'USER MAPPING',
] as const;

const ENTRY = /^(\d+); \d+ (?:\d+ )?(.+)$/;
const NEEDS = /^;\s+depends on:((?: \d+)+)$/;

/**
 * Reads what `pg_restore --list --verbose` prints. Names stand there as they are, without quotes: of schemas whose names begin alike the
 * longest that fits is taken, and of owners that of `roles`, since one may have a space in its name. Pure.
 */
export function parseToc(text: string, roles: readonly string[]): TocEntry[] {
  const lines = text.split('\n');
  const raw: { id: number; said: string; line: string; needs: number[] }[] = [];
  for (const line of lines) {
    const entry = ENTRY.exec(line);
    const needs = NEEDS.exec(line);
    if (entry !== null) raw.push({ id: Number(entry[1]), said: entry[2] ?? '', line, needs: [] });
    else if (needs !== null) raw.at(-1)?.needs.push(...(needs[1] ?? '').trim().split(' ').map(Number));
  }
  const split = raw.map(({ said }) => splitKind(said));
  const schemas = schemaNames(split, roles);
  return raw.map(({ id, line, needs }, index) => {
    const { kind, tail } = split[index] ?? { kind: '', tail: '' };
    const schema = schemas.find((name) => tail.startsWith(`${name} `)) ?? tail.split(' ', 1)[0] ?? '';
    const rest = tail.slice(schema.length + 1);
    const owner = ownerOf(rest, roles);
    return { id, kind, schema, name: rest.slice(0, -owner.length - 1), owner, needs: [...new Set(needs)], line };
  });
}

function splitKind(said: string): { kind: string; tail: string } {
  const long = LONG_KINDS.find((kind) => said.startsWith(`${kind} `));
  const kind = long ?? said.split(' ', 1)[0] ?? '';
  return { kind, tail: said.slice(kind.length + 1) };
}

/** Longest first. A schema's line is `- name owner`. */
function schemaNames(split: readonly { readonly kind: string; readonly tail: string }[], roles: readonly string[]): string[] {
  const named = split.filter(({ kind }) => kind === 'SCHEMA').map(({ tail }) => tail.slice(2, -ownerOf(tail, roles).length - 1));
  return [...named, 'public', '-'].toSorted((a, b) => b.length - a.length);
}

/** The end of a line: a role with a space in its name, where one fits, else the last word. */
const ownerOf = (tail: string, roles: readonly string[]): string =>
  roles.find((role) => role.includes(' ') && tail.endsWith(` ${role}`)) ?? tail.split(' ').at(-1) ?? '';
