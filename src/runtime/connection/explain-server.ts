import type { ErrorCode } from '../../core/errors.ts';
import type { Explanation } from './explain.ts';
import type { Failure } from './failure.ts';
import type { ConnectionTarget } from './target.ts';

/** An ErrorResponse: its text may be in any language, its SQLSTATE is not. */
export interface ServerError {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
}

export function isServerError(error: unknown): error is ServerError {
  const { code, severity, message } = error as { code?: unknown; severity?: unknown; message?: unknown };
  return typeof code === 'string' && typeof severity === 'string' && typeof message === 'string';
}

interface Refusal {
  readonly sqlstates: RegExp;
  readonly code: ErrorCode;
  /** Default: what the server said. */
  readonly reason?: (target: ConnectionTarget) => string;
  readonly hint: (target: ConnectionTarget, failure: Failure) => string;
}

/** The first that fits. */
const REFUSALS: readonly Refusal[] = [
  { sqlstates: /^28P01$/, code: 'db.denied', hint: wrongPassword },
  {
    sqlstates: /^3D000$/,
    code: 'db.denied',
    reason: ({ database }) => `database "${database}" does not exist`,
    hint: () => 'Create it (create database …), or correct the name.',
  },
  { sqlstates: /^28/, code: 'db.denied', hint: noEntry },
  {
    sqlstates: /^42501$/,
    code: 'db.denied',
    hint: ({ database, user }) => `Run: grant connect on database "${database}" to "${user}"`,
  },
  {
    sqlstates: /^53300$/,
    code: 'db.resources',
    hint: () => 'Close idle sessions (pg_stat_activity shows them), make pools smaller, or raise max_connections.',
  },
  { sqlstates: /^53/, code: 'db.resources', hint: () => "The server's log says what ran out." },
  {
    sqlstates: /^57P03$/,
    code: 'db.unreachable',
    hint: () => 'Wait and try again; a server that recovers after a crash says in its log how far it is.',
  },
  { sqlstates: /^(57|58|XX)/, code: 'db.unreachable', hint: () => "Look into the server's log." },
  {
    sqlstates: /^(08P01|22023|22P02|42704|55P02)$/,
    code: 'db.denied',
    hint: () =>
      'A startup option is not taken: check options and PGOPTIONS; PgBouncer needs the name in ignore_startup_parameters.',
  },
  { sqlstates: /./, code: 'db.denied', hint: () => "The server's log says more." },
];

/** Why the server ended the login. */
export function explainServer(error: ServerError, failure: Failure, target: ConnectionTarget): Explanation {
  const found = REFUSALS.find(({ sqlstates }) => sqlstates.test(error.code));
  return {
    code: found?.code ?? 'db.denied',
    reason: found?.reason?.(target) ?? error.message,
    hint: found?.hint(target, failure) ?? '',
    sqlstate: error.code,
  };
}

function wrongPassword({ user }: ConnectionTarget, { passwordSources }: Failure): string {
  const from = passwordSources.length === 0 ? '' : `The password came from ${passwordSources.join(', ')}. `;
  return `${from}Check it, and on the server that role "${user}" has this password and it has not expired (valid until).`;
}

function noEntry(_target: ConnectionTarget, { encrypted }: Failure): string {
  const tls = encrypted ? '' : ' A hostssl line needs TLS: try sslmode=require.';
  return `Check that the role exists and may log in, and that pg_hba.conf has a line for it.${tls}`;
}
