import type { Node } from 'libpg-query';
import { parseStatements } from '../../migrate/statements.ts';
import { actsOf, strings, type Path } from './acts.ts';

/** What a DO block makes by words that stand in it, such as `execute 'create table x ()'`; `at` is null where its byte in the file cannot be told. */
export interface Made {
  readonly path: Path;
  readonly at: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the body of a DO statement makes. Names that are put together (`'create table ' || name`, `format('create table %I')`) tell nothing.
 * `start` is the statement's first byte in the file. Pure; the parser must be loaded.
 */
export function madeInBlock(
  node: Node,
  { sql, start }: { readonly sql: string; readonly start: number },
  schema: string,
): Made[] {
  const body = bodyOf(node);
  if (body === null) return [];
  // A body in quotes that had to be doubled is not in the file as the parser gives it.
  const found = sql.indexOf(body);
  const byteOf = (index: number, more: number) =>
    found === -1 ? null : start + Buffer.byteLength(sql.slice(0, found) + body.slice(0, index)) + more;
  const code = withoutComments(body);
  return [...code.matchAll(CREATE)].flatMap(({ index, 0: words }) => {
    if (IS_SAID.test(code.slice(Math.max(0, index - 500), index))) return [];
    const made = parsed(code.slice(index), schema) ?? named(code.slice(index), words.length, schema);
    return made.map(({ path, at }) => ({ path, at: at === null ? null : byteOf(index, at) }));
  });
}

function bodyOf(node: Node): string | null {
  const args = ((node as Fields)['DoStmt'] as Fields | undefined)?.['args'];
  for (const arg of Array.isArray(args) ? (args as Fields[]) : []) {
    const { defname, arg: value } = arg['DefElem'] as Fields;
    if (defname === 'as') return strings([value])[0] ?? null;
  }
  return null;
}

const CREATE =
  /\bcreate\s+(?:or\s+replace\s+)?(?:(?:unlogged|foreign|materialized|unique|event|constraint)\s+)*(?:table|view|index|sequence|schema|type|domain|function|procedure|trigger|policy|role|extension|publication)\b/gi;

/** `raise notice 'create table …'` makes nothing. */
const IS_SAID = /\braise\s+\w+\s+'[^']*$/i;

/** A statement with more quotes and semicolons than that is told by its first words. */
const MOST_TRIES = 20;

/** `at` counts from `create`. As the parser reads it, up to the first end with which it is a whole statement; null: up to none of the first few. */
function parsed(code: string, schema: string): Made[] | null {
  let tries = 0;
  for (const { index, 0: end } of code.matchAll(/;|'|\$\w*\$/g)) {
    if ((tries += 1) > MOST_TRIES) return null;
    // A literal that goes on with || is a part of a statement, and its last word may be a part of a name.
    if (end !== ';' && /^\s*(?:\|\||')/.test(code.slice(index + end.length))) continue;
    const text = code.slice(0, index);
    const made = madeBy(text, schema);
    if (made !== null) return made.map(({ path, at = 0 }) => ({ path, at }));
    // In a literal quotes are doubled, and bytes then counted from where they are not.
    const inLiteral = text.includes("''") ? madeBy(text.replaceAll("''", "'"), schema) : null;
    if (inLiteral !== null) return inLiteral.map(({ path, at }) => ({ path, at: at === undefined ? 0 : null }));
  }
  return null;
}

function madeBy(sql: string, schema: string): { readonly path: Path; readonly at?: number }[] | null {
  const statements = parseStatements(sql);
  if (!Array.isArray(statements)) return null;
  const [only, ...others] = statements as readonly { readonly node: Node }[];
  if (only === undefined || others.length > 0) return null;
  return actsOf(only.node, schema).flatMap((act) => (act.does === 'define' && !act.path.some(isPart) ? [act] : []));
}

/** `%I` between double quotes parses as a name. */
function isPart(name: string): boolean {
  return name === '' || /%[IsL1-9]/.test(name);
}

const WORD = '(?:"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*)';
const RELATION = new RegExp(
  `^\\s+(?:if\\s+not\\s+exists\\s+)?(?!if\\s+not\\s)(${WORD})(?:\\.(${WORD}))?(?=\\s*[(;]|\\s+\\S|'(?!\\s*\\|\\|))`,
  'iu',
);

/** Where the rest is put together, the name of a table, a view or a sequence may stand whole in the words after `create`. */
function named(code: string, length: number, schema: string): Made[] {
  if (!/\s(?:table|view|sequence)$/i.test(code.slice(0, length))) return [];
  const [, first, second] = RELATION.exec(code.slice(length)) ?? [];
  if (first === undefined) return [];
  const names = second === undefined ? [schema, plain(first)] : [plain(first), plain(second)];
  return names.some(isPart) ? [] : [{ path: ['relation', ...names], at: 0 }];
}

function plain(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
}

/** Comments become blanks of the same length; `--` in a literal is no comment. */
function withoutComments(code: string): string {
  return code.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, (text) =>
    /^(?:--|\/\*)/.test(text) ? text.replaceAll(/[^\n]/g, ' ') : text,
  );
}
