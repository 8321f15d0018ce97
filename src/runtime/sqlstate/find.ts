import { CONDITIONS } from './conditions.ts';

/** Fields of an error, whoever threw it; every read is checked. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/** Longest chain of causes that is followed; a cycle ends here too. */
const DEPTH = 8;

/**
 * The error and what caused it, nearest first: `cause`, the parts of an AggregateError, and the driver's error inside a Prisma
 * error (`meta.driverAdapterError`, Prisma 7).
 */
export function causes(error: unknown): ErrorFields[] {
  const found: ErrorFields[] = [];
  let level = [error];
  for (let depth = 0; depth < DEPTH && level.length > 0; depth += 1) {
    const fields = level.filter((one): one is ErrorFields => typeof one === 'object' && one !== null);
    found.push(...fields);
    level = fields.flatMap(within);
  }
  return found;
}

function within({ cause, errors, meta }: ErrorFields): unknown[] {
  const adapter = isFields(meta) ? meta['driverAdapterError'] : undefined;
  return [cause, adapter].concat(Array.isArray(errors) ? errors : []);
}

/**
 * The SQLSTATE an error itself carries: `sqlstate` (DbctlError), `code` beside a `severity` (pg, postgres.js), or
 * `originalCode` (Prisma's adapter). EPIPE and P2002 have five characters too and are none.
 */
export function ownSqlstate(error: ErrorFields): string | undefined {
  const { sqlstate, originalCode, code } = error;
  if (isSqlstate(sqlstate)) return sqlstate;
  if (isSqlstate(originalCode)) return originalCode;
  return isSqlstate(code) && (typeof error['severity'] === 'string' || CONDITIONS.has(code)) ? code : undefined;
}

function isSqlstate(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9A-Z]{5}$/.test(value);
}

function isFields(value: unknown): value is ErrorFields {
  return typeof value === 'object' && value !== null;
}
