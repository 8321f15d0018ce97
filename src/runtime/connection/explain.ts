import { DbctlError, type ErrorCode } from '../../core/errors.ts';
import { LOGIN_REFUSED } from '../sqlstate/classes.ts';
import { explainNetwork } from './explain-network.ts';
import { explainTls } from './explain-tls.ts';
import type { Failure } from './failure.ts';
import { LoginMethodRefused } from './login-guard.ts';
import { NoPassword } from './login.ts';
import { TlsRefused } from './negotiate.ts';
import type { ConnectionTarget } from './target.ts';

/** Why an attempt failed, in the words of whoever must mend it. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
  readonly sqlstate?: string | undefined;
}

export function explain(failure: Failure, target: ConnectionTarget): Explanation {
  const { error, step } = failure;
  if (step === 'attributes') return unsuitableServer(error, target);
  if (error instanceof DbctlError) return { code: error.code, reason: error.message, hint: error.hint ?? 'Correct the file.' };
  if (error instanceof NoPassword) return noPassword(error);
  if (error instanceof LoginMethodRefused)
    return {
      code: 'db.denied',
      reason: error.message,
      hint: 'Change the method in pg_hba.conf, or require_auth and channel_binding.',
    };
  if (error instanceof TlsRefused || step === 'tls') return explainTls(error, target);
  const fields = error as { code?: unknown; severity?: unknown; message?: unknown };
  if (typeof fields.severity === 'string' && typeof fields.code === 'string')
    return serverRefusal(fields.code, String(fields.message), failure, target);
  return explainNetwork(error, failure, target);
}

function noPassword({ message, sources }: NoPassword): Explanation {
  const looked = sources.length === 0 ? '' : `Looked for one: ${sources.join('; ')}. `;
  return { code: 'db.denied', reason: message, hint: `${looked}Set DB_PASSWORD or PGPASSWORD, or add a line to .pgpass.` };
}

/** What the server itself said; its text may be in another language, the SQLSTATE is not. */
function serverRefusal(sqlstate: string, said: string, failure: Failure, target: ConnectionTarget): Explanation {
  const refused = (code: ErrorCode, reason: string, hint: string): Explanation => ({ code, reason, hint, sqlstate });
  if (sqlstate === '28P01') return refused('db.denied', said, wrongPassword(failure, target));
  if (sqlstate === '3D000')
    return refused(
      'db.denied',
      `database "${target.database}" does not exist`,
      'Create it with dbctl db create, or correct the name.',
    );
  if (LOGIN_REFUSED.has(sqlstate)) {
    const tls = failure.encrypted ? '' : ' A hostssl line needs TLS: try sslmode=require.';
    return refused('db.denied', said, `Check that the role exists and may log in, and that pg_hba.conf has a line for it.${tls}`);
  }
  if (sqlstate === '42501')
    return refused('db.denied', said, `Run: grant connect on database "${target.database}" to "${target.user}"`);
  if (sqlstate === '53300')
    return refused(
      'db.resources',
      said,
      'Close idle sessions (pg_stat_activity shows them), make pools smaller, or raise max_connections.',
    );
  if (sqlstate.startsWith('53')) return refused('db.resources', said, "The server's log says what ran out.");
  if (sqlstate === '57P03')
    return refused(
      'db.unreachable',
      said,
      'Wait and try again; a server that recovers after a crash says in its log how far it is.',
    );
  if (/^(57|58|XX)/.test(sqlstate)) return refused('db.unreachable', said, "Look into the server's log.");
  if (sqlstate === '08P01' || /^(22023|22P02|42704|55P02)$/.test(sqlstate)) {
    return refused(
      'db.denied',
      said,
      'A startup option is not taken: check options and PGOPTIONS; PgBouncer needs the name in ignore_startup_parameters.',
    );
  }
  return refused('db.denied', said, "The server's log says more.");
}

function wrongPassword({ passwordSources }: Failure, { user }: ConnectionTarget): string {
  const from = passwordSources.length === 0 ? '' : `The password came from ${passwordSources.join(', ')}. `;
  return `${from}Check it, and on the server that role "${user}" has this password and it has not expired (valid until).`;
}

function unsuitableServer(error: unknown, { targetSessionAttrs }: ConnectionTarget): Explanation {
  if (typeof error !== 'string')
    return {
      code: 'db.unreachable',
      reason: 'the server could not say whether it is a standby',
      hint: "Look into the server's log.",
    };
  const wantsWrites = targetSessionAttrs === 'read-write' || targetSessionAttrs === 'primary';
  const hint = `target_session_attrs is ${targetSessionAttrs}: check which server has which role, and that the list of hosts has them all.`;
  return { code: wantsWrites ? 'db.read-only' : 'db.unreachable', reason: error, hint };
}
