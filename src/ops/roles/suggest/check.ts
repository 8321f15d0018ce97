import { randomBytes } from 'node:crypto';
import { DbctlError } from '../../../core/errors.ts';
import { ident, literal } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { parseStatements } from '../../migrate/statements.ts';
import { isQuery } from './resolve/statement.ts';
import type { NamedRight } from './right-sql.ts';
import type { SeenStatement } from './windows.ts';

/** What EXPLAIN (GENERIC_PLAN) said about one statement under the proposed rights. */
export interface Checked {
  readonly statement: SeenStatement;
  readonly outcome: 'accepted' | 'denied' | 'not checkable';
  /** The server's words; empty where it accepted. */
  readonly why: string;
}

/** Serves to go back, once everything was tried. */
class Undone extends Error {}

/**
 * Plans every statement as a role that has the proposed rights and nothing else but PUBLIC's, all in a transaction that is rolled back. The role is
 * made for it: those of the apps keep what they have, also while it runs. Planning checks the rights, and runs nothing but what the planner
 * works out beforehand: IMMUTABLE functions of constants. Call loadParser() before.
 * Fails with db.denied where the session may not make roles or grant these rights.
 */
export async function checkProposal(
  session: Session,
  statements: readonly SeenStatement[],
  { rights, pathOf }: { rights: readonly NamedRight[]; pathOf: (user: string) => string },
): Promise<Checked[]> {
  const role = `dbctl_suggest_${randomBytes(6).toString('hex')}`;
  const checked: Checked[] = [];
  try {
    await session.script(
      `begin transaction read write; set local search_path = pg_catalog, pg_temp; create role ${ident(role)} nologin`,
    );
    const schemas = new Set(rights.flatMap(({ schema }) => (schema === null ? [] : [schema])));
    for (const schema of schemas) await session.script(`grant usage on schema ${ident(schema)} to ${ident(role)}`);
    for (const { sql } of rights) await session.script(`grant ${sql} to ${ident(role)}`);
    // Who is not superuser needs the membership to act as it; 16 and later give SET to whoever made the role only when asked.
    await session.script(`grant ${ident(role)} to current_user with inherit false, set true`);
    for (const statement of statements) checked.push(await checkOne(session, statement, role, pathOf(statement.user)));
    throw new Undone();
  } catch (thrown) {
    await session.script('rollback').catch(() => {});
    if (thrown instanceof Undone) return checked;
    throw thrown;
  }
}

async function checkOne(session: Session, statement: SeenStatement, role: string, path: string): Promise<Checked> {
  const done = (outcome: Checked['outcome'], why: string): Checked => ({ statement, outcome, why });
  if (statement.text === null) return done('not checkable', 'its text was left out of the record');
  // Exactly one query, since what stands behind a semicolon would be run and not planned.
  const parsed = parseStatements(statement.text);
  if ('message' in parsed || parsed.length !== 1)
    return done('not checkable', 'no statement by itself, such as an expression of a function');
  if (!parsed.every(({ node }) => isQuery(node))) return done('not checkable', 'a utility command, which has no plan');
  await session.script(
    `savepoint one; set local role ${ident(role)}; select pg_catalog.set_config('search_path', ${literal(path)}, true)`,
  );
  try {
    await session.rows(`explain (generic_plan, costs off) ${statement.text}`);
    return done('accepted', '');
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    return thrown.sqlstate === '42501' ? done('denied', thrown.message) : done('not checkable', thrown.message);
  } finally {
    await session.script('rollback to savepoint one');
  }
}
