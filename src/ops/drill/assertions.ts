import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { Failed } from './steps.ts';

/** A question of the project's own to a restored database, and the answer it has to give. */
export interface Assertion {
  readonly name: string;
  /** One query with one row of one column. */
  readonly sql: string;
  /** That value, as PostgreSQL writes it as text. */
  readonly expect: string;
  /** Absent: that of the drill. */
  readonly database?: string | undefined;
}

export interface AssertionInputs {
  readonly list: readonly Assertion[];
  readonly timeoutMs: number;
}

/**
 * Asks, in a transaction that may only read; returns what came back. Fails with backup.failed and a sentence for each way in which the
 * answer can be another one: an error, too slow, no row, several, several columns, null, another value.
 */
export async function tryAssertion(session: Session, { sql, expect }: Assertion, timeoutMs: number): Promise<string> {
  const answers = await ask(session, sql, timeoutMs);
  const [answer] = answers;
  if (answer === undefined) throw new Failed('no row came back, and one is needed', []);
  if (answers.length > 1) throw new Failed('more than one row came back, and one is needed', []);
  if (answer.columns !== 1) throw new Failed(`the row has ${answer.columns} columns, and one is needed`, []);
  if (answer.value === null) throw new Failed(`it is null, and has to be ${shown(expect)}`, []);
  if (answer.value !== expect) throw new Failed(`it is ${shown(answer.value)}, and has to be ${shown(expect)}`, []);
  return `it is ${shown(expect)}`;
}

interface Answer {
  readonly value: string | null;
  readonly columns: number;
}

async function ask(session: Session, sql: string, timeoutMs: number): Promise<Answer[]> {
  try {
    return await inTransaction(session, 'isolation level repeatable read, read only', async () => {
      await session.script(`set local statement_timeout = ${timeoutMs}`);
      // A bound value makes it the extended protocol, in which a message has one statement.
      return session.rows<Answer>(asSubquery(sql), [2]);
    });
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.sqlstate === undefined) throw thrown;
    throw new Failed(refusal(thrown.sqlstate, thrown.message, timeoutMs), []);
  }
}

/** Two rows are enough to know that there is more than one; the value becomes text in the server, as psql would show it. */
const asSubquery = (sql: string): string => /* sql */ `
select (asked.value)::pg_catalog.text as value,
       (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.json_object_keys(pg_catalog.row_to_json(asked))) as columns
from (
${sql.trim().replace(/;+$/, '')}
) as asked (value)
limit $1`;

function refusal(sqlstate: string, message: string, timeoutMs: number): string {
  switch (sqlstate) {
    case '57014':
      return `it took longer than ${timeoutMs / 1000} s`;
    case '25006':
      return `it writes, and an assertion may only read: ${message}`;
    case '42601':
      return `it is not one query: ${message}`;
    default:
      return `the server refused it with ${sqlstate}: ${message}`;
  }
}

/** A report is read by people: of a long value its beginning. */
const shown = (value: string): string => JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
