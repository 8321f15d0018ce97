import type { Node } from 'libpg-query';
import { parseStatements } from '../../../migrate/statements.ts';
import { unresolved } from './unresolved.ts';

/** The statements of a body in SQL: as text, between BEGIN ATOMIC and END, or behind RETURN. Fails with Unresolved where it does not parse. */
export function bodyStatements(body: string): Node[] {
  const [, atomic] = /^\s*begin\s+atomic\s+(.*)\bend\s*;?\s*$/is.exec(body) ?? [];
  const [, returned] = /^\s*return\s+(.*?);?\s*$/is.exec(body) ?? [];
  const text = atomic ?? (returned === undefined ? body : `select ${returned}`);
  const found = parseStatements(text);
  if ('message' in found) return unresolved(`the body of a function does not parse: ${found.message}`);
  return found.map(({ node }) => node);
}
