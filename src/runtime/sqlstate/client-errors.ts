import type { ErrorFields } from './find.ts';
import { rule, type Rule } from './rules.ts';

const UNREACHABLE = rule('DB_UNREACHABLE', 503, 'connection', 'discard');
const LOST = rule('DB_CONNECTION_LOST', 503, 'connection', 'discard');
const TLS = rule('DB_TLS', 500, 'no', 'discard');

/** Codes of Node and of OpenSSL's certificate checks (`X509_V_ERR_…`, as tls.connect spells them). */
const CODES: ReadonlyMap<string, Rule> = new Map([
  ...words('ECONNREFUSED ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH EADDRNOTAVAIL EACCES ENOENT', UNREACHABLE),
  ...words('ECONNRESET EPIPE ECONNABORTED ERR_STREAM_DESTROYED ERR_STREAM_WRITE_AFTER_END ERR_SOCKET_CLOSED', LOST),
  ...words(
    'DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT' +
      ' UNABLE_TO_GET_ISSUER_CERT_LOCALLY CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED CERT_REJECTED' +
      ' CERT_SIGNATURE_FAILURE CERT_CHAIN_TOO_LONG INVALID_CA INVALID_PURPOSE HOSTNAME_MISMATCH' +
      ' UNABLE_TO_GET_CRL CRL_HAS_EXPIRED',
    TLS,
  ),
]);

/** What pg and pg-pool say without a code; their text is English and constant (pg 8.23, pg-pool 3.14). */
const MESSAGES: readonly (readonly [RegExp, Rule])[] = [
  [/^timeout exceeded when trying to connect$/, rule('DB_POOL_TIMEOUT', 503)],
  [/^Cannot use a pool after calling end on the pool$/, rule('DB_SHUTTING_DOWN', 503)],
  [/^(timeout expired|Connection terminated due to connection timeout)$/, UNREACHABLE],
  [/^Connection terminated( unexpectedly)?$/, LOST],
  [/^Client (has encountered a connection error|was closed) and is not queryable$/, LOST],
  [/^Query read timeout$/, rule('DB_QUERY_TIMEOUT', 504, 'no', 'discard')],
  [/^The server does not support SSL connections$|^There was an error establishing an SSL connection$/, TLS],
  [/^SASL: /, rule('DB_AUTH_FAILED', 500, 'once', 'discard')],
];

/** The rule of an error without SQLSTATE: socket, TLS, pg's own. Undefined for what has nothing to do with a database. */
export function clientRule(error: ErrorFields): Rule | undefined {
  const { name, message, syscall } = error;
  const code = typeof error['code'] === 'string' ? error['code'] : '';
  if (name === 'AbortError') return rule('DB_QUERY_CANCELED', 499, 'no', 'discard');
  // A keepalive that gave up reads ETIMEDOUT in mid-life; the same code from connect() never reached a server.
  if (code === 'ETIMEDOUT') return syscall === 'read' || syscall === 'write' ? LOST : UNREACHABLE;
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_')) return TLS;
  if ((code === 'ENOENT' || code === 'EACCES') && syscall !== 'connect') return undefined;
  const text = typeof message === 'string' ? message : '';
  return CODES.get(code) ?? MESSAGES.find(([pattern]) => pattern.test(text))?.[1];
}

function words(codes: string, found: Rule): (readonly [string, Rule])[] {
  return codes.split(' ').map((code) => [code, found] as const);
}
