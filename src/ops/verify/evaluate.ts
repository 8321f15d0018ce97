import { DbctlError, type ErrorCode } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';
import type { Check } from './check.ts';
import type { Finding, Outcome } from './outcome.ts';
import type { ParameterValues } from './parameters.ts';
import { unionQuery } from './union.ts';

/**
 * All in one message; where the server refuses it, halves until the culprit is alone: one broken check among n costs about
 * 2 log2 n messages instead of n, and the others still get their answer.
 */
export async function evaluate(
  session: Session,
  checks: readonly Check[],
  values: () => ParameterValues,
  signal: AbortSignal | undefined,
): Promise<Outcome[]> {
  const [first] = checks;
  if (first === undefined) return [];
  try {
    return await evaluateTogether(session, checks, values());
  } catch (thrown) {
    if (!isAboutQuery(thrown) || signal?.aborted === true) throw thrown;
    await session.script('rollback to savepoint before_checks');
    if (checks.length === 1) return [couldNotRun(first, thrown)];
    const middle = Math.ceil(checks.length / 2);
    const before = await evaluate(session, checks.slice(0, middle), values, signal);
    return [...before, ...(await evaluate(session, checks.slice(middle), values, signal))];
  }
}

/** Errors that say something about the query; any other is about the session, and no check could be answered. */
const ABOUT_THE_QUERY: ReadonlySet<ErrorCode> = new Set(['sql.failed', 'db.denied', 'db.read-only', 'db.resources', 'lock.held']);

function isAboutQuery(thrown: unknown): thrown is DbctlError {
  return thrown instanceof DbctlError && ABOUT_THE_QUERY.has(thrown.code);
}

interface Row {
  id: string;
  object: string | null;
  detail: string | null;
  data: Json;
}

async function evaluateTogether(session: Session, checks: readonly Check[], values: ParameterValues): Promise<Outcome[]> {
  const query = unionQuery(checks, values);
  const rows = await session.rows<Row>(query.text, query.values);
  return checks.map((check) => {
    const findings = rows.filter((row) => row.id === check.id).map((row) => finding(row, check));
    return findings.length === 0 ? { kind: 'pass', check } : { kind: 'found', check, findings };
  });
}

function finding(row: Row, check: Check): Finding {
  return { object: row.object ?? '(unnamed)', detail: row.detail ?? check.title, data: isObject(row.data) ? row.data : {} };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function couldNotRun(check: Check, error: DbctlError): Outcome {
  const sqlstate = error.sqlstate;
  return {
    kind: 'unknown',
    check,
    reason: `the query of ${check.file} failed: ${error.message}`,
    fix: error.hint ?? null,
    ...(sqlstate === undefined ? {} : { sqlstate }),
  };
}
