import { open, readFile } from 'node:fs/promises';
import { fail } from '../../../core/errors.ts';
import { qualified, ident } from '../../../db/ident.ts';
import { parseStatements } from '../../migrate/statements.ts';
import type { Observation } from './observe.ts';
import { splitParts, stringsOf } from './resolve/nodes.ts';

const FORMAT = 'dbctl.statements/1';

/**
 * Appends an observation as one line. The file is made with mode 0600, and refused where others may read it. Call loadParser() before.
 * Fails with secret.exposed then, with config.invalid where it cannot be written.
 */
export async function appendRecord(path: string, observation: Observation): Promise<void> {
  const file = await open(path, 'a', 0o600).catch((thrown: NodeJS.ErrnoException) => cannot('write', path, thrown));
  try {
    const { mode } = await file.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      fail('secret.exposed', `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`, { hint: `chmod 600 ${path}` });
    const statements = observation.statements.map((one) => ({ ...one, text: one.text === null ? null : recordable(one.text) }));
    await file.appendFile(`${JSON.stringify({ format: FORMAT, ...observation, statements })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * The text as it is kept. pg_stat_statements has replaced the constants of queries; a text with a literal in it is a utility command, which may
 * hold a password, and is left out. Of COPY the table and columns are kept.
 */
export function recordable(text: string): string | null {
  const bare = text.includes('"') ? text : text.replaceAll(/\/\*.*?\*\/|--[^\n]*/gs, ' ').trim();
  if (!/'|\$[A-Za-z_\u0080-\uffff]*\$/.test(bare)) return bare;
  const found = parseStatements(bare);
  const node = 'message' in found ? undefined : found[0]?.node;
  if (node === undefined || !('CopyStmt' in node)) return null;
  const { relation, filename, attlist, is_from: isFrom, whereClause } = node.CopyStmt;
  if (relation === undefined || filename !== undefined || whereClause !== undefined) return null;
  const { schema, name } = splitParts([
    ...(relation.schemaname === undefined ? [] : [relation.schemaname]),
    relation.relname ?? '',
  ]);
  const columns = stringsOf(attlist).map(ident).join(', ');
  const table = schema === undefined ? ident(name) : qualified(schema, name);
  return `copy ${table}${columns === '' ? '' : ` (${columns})`} ${isFrom === true ? 'from stdin' : 'to stdout'}`;
}

/** Reads what was recorded. Fails with config.invalid, naming file and line, where a line is none of ours. */
export async function readRecords(path: string): Promise<Observation[]> {
  const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => cannot('read', path, thrown));
  return text
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => parseRecord(line) ?? notOurs(path, number));
}

function parseRecord(line: string): Observation | undefined {
  try {
    const value = JSON.parse(line) as Partial<Observation> & { readonly format?: unknown };
    const texts = [value.server, value.database, value.role, value.at, value.since, value.track];
    const isWhole = value.format === FORMAT && texts.every((one) => typeof one === 'string') && Array.isArray(value.statements);
    return isWhole ? (value as Observation) : undefined;
  } catch {
    return undefined;
  }
}

function notOurs(path: string, line: number): never {
  return fail('config.invalid', `${path}:${line} is no record of dbctl roles suggest --record`, {
    hint: 'A run that was killed leaves half a line: remove it.',
  });
}

function cannot(act: 'read' | 'write', path: string, { code, message }: NodeJS.ErrnoException): never {
  return fail('config.invalid', `cannot ${act} ${path}: ${code === 'ENOENT' ? 'no such file' : message}`, {
    hint: 'Name a file that you may read and write.',
  });
}
