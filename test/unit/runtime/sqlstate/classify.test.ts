import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../../src/core/errors.ts';
import { classify, isDatabaseError } from '../../../../src/runtime/sqlstate/classify.ts';
import * as classes from '../../../../src/runtime/sqlstate/classes.ts';
import { CONDITIONS } from '../../../../src/runtime/sqlstate/conditions.ts';

const server = (code: string, more: object = {}): Error =>
  Object.assign(new Error('in any language'), { code, severity: 'FEHLER', ...more });
const system = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code, ...more });
const short = (error: unknown, circumstances = {}): string => {
  const { apiCode, http, retry, discardClient } = classify(error, circumstances);
  return `${apiCode} ${http} ${retry} ${discardClient ? 'discard' : 'keep'}`;
};

describe('what the server says', () => {
  it.each([
    ['40001', 'DB_SERIALIZATION_FAILURE 503 transaction keep'],
    ['40P01', 'DB_DEADLOCK 503 transaction keep'],
    ['40002', 'DB_TX_ROLLBACK 409 no keep'],
    ['40003', 'DB_OUTCOME_UNKNOWN 503 no discard'],
    ['55P03', 'DB_LOCK_TIMEOUT 503 transaction keep'],
    ['55006', 'DB_OBJECT_STATE 409 no keep'],
    ['57014', 'DB_QUERY_CANCELED 499 no keep'],
    ['57P01', 'DB_SHUTTING_DOWN 503 connection discard'],
    ['57P03', 'DB_STARTING 503 connection discard'],
    ['57P05', 'DB_SESSION_EXPIRED 503 connection discard'],
    ['25P02', 'DB_TX_ABORTED 500 no keep'],
    ['25P03', 'DB_TX_IDLE_TIMEOUT 503 no discard'],
    ['25P04', 'DB_TX_TIMEOUT 504 no discard'],
    ['25006', 'DB_READ_ONLY 503 once discard'],
    ['53300', 'DB_TOO_MANY_CONNECTIONS 503 connection discard'],
    ['53100', 'DB_RESOURCES 503 no keep'],
    ['53200', 'DB_RESOURCES 503 once keep'],
    ['28P01', 'DB_AUTH_FAILED 500 once discard'],
    ['3D000', 'DB_MISCONFIGURED 500 no discard'],
    ['23505', 'DB_UNIQUE_VIOLATION 409 no keep'],
    ['23503', 'DB_REFERENCE_NOT_FOUND 422 no keep'],
    ['23001', 'DB_STILL_REFERENCED 409 no keep'],
    ['23514', 'DB_CHECK_VIOLATION 422 no keep'],
    ['22P02', 'DB_INVALID_VALUE 422 no keep'],
    ['22012', 'DB_DATA_EXCEPTION 422 no keep'],
    ['42501', 'DB_FORBIDDEN 403 no keep'],
    ['42P01', 'DB_SCHEMA_MISMATCH 500 no keep'],
    ['42601', 'DB_BAD_STATEMENT 500 no keep'],
    ['428C9', 'DB_GENERATED_COLUMN 422 no keep'],
    ['0A000', 'DB_NOT_SUPPORTED 500 no keep'],
    ['26000', 'DB_PREPARED_STATEMENT 503 once discard'],
    ['P0001', 'DB_RAISED 422 no keep'],
    ['P0002', 'DB_NO_DATA 404 no keep'],
    ['XX000', 'DB_INTERNAL 500 no discard'],
    ['XX001', 'DB_CORRUPTION 500 no discard'],
    ['ZD001', 'DB_RAISED 422 no keep'],
    ['AB123', 'DB_INTERNAL 500 no discard'],
  ])('%s is %s', (code, expected) => {
    expect(short(server(code))).toBe(expected);
    expect(classify(server(code))).toMatchObject({ sqlstate: code, condition: CONDITIONS.get(code) ?? null });
  });

  it.each([
    ['57014', {}, { canceledBy: 'deadline' }, 'DB_QUERY_TIMEOUT 504 no keep'],
    ['57014', {}, { canceledBy: 'caller' }, 'DB_QUERY_CANCELED 499 no keep'],
    ['23503', {}, { statement: 'delete' }, 'DB_STILL_REFERENCED 409 no keep'],
    ['23503', {}, { statement: 'insert' }, 'DB_REFERENCE_NOT_FOUND 422 no keep'],
    ['23514', { routine: 'ExecFindPartition' }, {}, 'DB_NO_PARTITION 500 no keep'],
    ['0A000', { routine: 'RevalidateCachedQuery' }, {}, 'DB_STALE_PLAN 503 once discard'],
    ['57P01', {}, { duringCommit: true }, 'DB_OUTCOME_UNKNOWN 503 no discard'],
    ['40001', {}, { duringCommit: true }, 'DB_SERIALIZATION_FAILURE 503 transaction keep'],
  ])('%s with %j in circumstances %j is %s', (code, more, circumstances, expected) => {
    expect(short(server(code, more), circumstances)).toBe(expected);
  });
});

describe('what network, TLS and pg say without SQLSTATE', () => {
  it.each([
    [system('ECONNREFUSED', { syscall: 'connect' }), 'DB_UNREACHABLE 503 connection discard'],
    [system('ENOTFOUND'), 'DB_UNREACHABLE 503 connection discard'],
    [system('ETIMEDOUT', { syscall: 'connect' }), 'DB_UNREACHABLE 503 connection discard'],
    [system('ETIMEDOUT', { syscall: 'read' }), 'DB_CONNECTION_LOST 503 connection discard'],
    [system('ENOENT', { syscall: 'connect' }), 'DB_UNREACHABLE 503 connection discard'],
    [system('EPIPE'), 'DB_CONNECTION_LOST 503 connection discard'],
    [new AggregateError([system('ECONNREFUSED'), system('ECONNREFUSED')]), 'DB_UNREACHABLE 503 connection discard'],
    [system('DEPTH_ZERO_SELF_SIGNED_CERT'), 'DB_TLS 500 no discard'],
    [system('ERR_TLS_CERT_ALTNAME_INVALID'), 'DB_TLS 500 no discard'],
    [system('ERR_SSL_WRONG_VERSION_NUMBER'), 'DB_TLS 500 no discard'],
    [new Error('Connection terminated unexpectedly'), 'DB_CONNECTION_LOST 503 connection discard'],
    [new Error('Connection terminated'), 'DB_CONNECTION_LOST 503 connection discard'],
    [new Error('Client has encountered a connection error and is not queryable'), 'DB_CONNECTION_LOST 503 connection discard'],
    [new Error('Client was closed and is not queryable'), 'DB_CONNECTION_LOST 503 connection discard'],
    [new Error('timeout exceeded when trying to connect'), 'DB_POOL_TIMEOUT 503 no keep'],
    [new Error('Connection terminated due to connection timeout'), 'DB_UNREACHABLE 503 connection discard'],
    [new Error('Query read timeout'), 'DB_QUERY_TIMEOUT 504 no discard'],
    [new Error('The server does not support SSL connections'), 'DB_TLS 500 no discard'],
    [new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match'), 'DB_AUTH_FAILED 500 once discard'],
    [new DOMException('This operation was aborted', 'AbortError'), 'DB_QUERY_CANCELED 499 no discard'],
    [new DbctlError('db.denied', 'x'), 'DB_AUTH_FAILED 500 once discard'],
    [new DbctlError('db.unreachable', 'x', { cause: system('CERT_HAS_EXPIRED') }), 'DB_TLS 500 no discard'],
    [new DbctlError('db.denied', 'x', { sqlstate: '3D000' }), 'DB_MISCONFIGURED 500 no discard'],
    [new Error('wrapped', { cause: server('40001') }), 'DB_SERIALIZATION_FAILURE 503 transaction keep'],
    [{ code: 'P2002', meta: { driverAdapterError: { cause: { originalCode: '23505' } } } }, 'DB_UNIQUE_VIOLATION 409 no keep'],
  ])('%s is %s', (error, expected) => {
    expect(short(error)).toBe(expected);
    expect(isDatabaseError(error)).toBe(true);
  });

  it('a lost connection is something else during COMMIT, and when our deadline dropped it', () => {
    expect(short(system('ECONNRESET'), { duringCommit: true })).toBe('DB_OUTCOME_UNKNOWN 503 no discard');
    expect(short(new Error('Connection terminated'), { canceledBy: 'deadline' })).toBe('DB_QUERY_TIMEOUT 504 no discard');
  });

  it.each([
    new TypeError('x is undefined'),
    system('ENOENT', { syscall: 'open' }),
    { code: 'P2025' },
    { code: 'EPERM' },
    'text',
    null,
    undefined,
    7,
  ])('something else (%s) is internal, and known to be no database error', (error) => {
    expect(classify(error)).toEqual({
      apiCode: 'DB_INTERNAL',
      sqlstate: null,
      condition: null,
      http: 500,
      retry: 'no',
      discardClient: true,
    });
    expect(isDatabaseError(error)).toBe(false);
  });

  it('a cycle of causes ends', () => {
    const error = new Error('a');
    error.cause = error;
    expect(classify(error).apiCode).toBe('DB_INTERNAL');
  });
});

it("pg's own messages are still those we know", () => {
  const { resolve } = createRequire(import.meta.url);
  const text = ['pg/lib/client.js', 'pg/lib/connection.js', 'pg-pool']
    .map((name) => readFileSync(resolve(name), 'utf8'))
    .join('');
  for (const message of [
    'Connection terminated unexpectedly',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'timeout expired',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Connection terminated due to connection timeout',
    'The server does not support SSL connections',
    'Cannot use a pool after calling end on the pool',
  ])
    expect(text).toContain(`'${message}'`);
});

it('every named set has only SQLSTATEs of PostgreSQL', () => {
  for (const set of Object.values(classes)) for (const sqlstate of set) expect(CONDITIONS.has(sqlstate), sqlstate).toBe(true);
});
