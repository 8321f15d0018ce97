import { DbctlError, type ErrorCode } from '../../core/errors.ts';
import { describeAddress, describeTarget } from './describe.ts';
import { explain, type Explanation } from './explain.ts';
import type { Endpoint } from './socket.ts';
import type { ConnectionTarget, HostAddress } from './target.ts';

/** One attempt that did not lead to a session. */
export interface Failure {
  readonly address: HostAddress;
  /** Undefined when the name had no address. */
  readonly endpoint: Endpoint | undefined;
  readonly step: 'resolve' | 'dial' | 'negotiate' | 'tls' | 'login' | 'attributes';
  readonly encrypted: boolean;
  /** The system's, TLS's or server's error; for `attributes` the reason as text. */
  readonly error: unknown;
  readonly passwordSources: readonly string[];
}

interface Explained extends Explanation {
  readonly failure: Failure;
}

/**
 * The error for the person who reads it at night: who wanted what where, why not, and what to look at. One reason for each
 * host; the decisive one gives code, hint and SQLSTATE.
 */
export function connectionFailed(target: ConnectionTarget, failures: readonly Failure[], signal: AbortSignal): DbctlError {
  const whole = describeTarget(target);
  if (signal.aborted) return new DbctlError('interrupted', `stopped while connecting to ${whole}`, { cause: signal.reason });
  const explained = failures.map((failure): Explained => ({ ...explain(failure, target), failure }));
  const hosts = [...new Set(explained.map(({ failure }) => describeAddress(failure.address)))];
  const reasons = hosts.map((host) => ({
    host,
    main: furthest(explained.filter(({ failure }) => describeAddress(failure.address) === host)),
  }));
  const main = furthest(mostTelling(reasons.flatMap((reason) => reason.main ?? [])));
  const listed = reasons.length > 1 ? reasons.map(({ host, main: one }) => `${host}: ${one?.reason}`).join('; ') : main?.reason;
  const detail = explained.map(attemptLine);
  return new DbctlError(main?.code ?? 'db.unreachable', `cannot connect to ${whole}: ${listed ?? 'there is no host to try'}`, {
    ...(main === undefined ? {} : { hint: main.hint, cause: main.failure.error }),
    ...(main?.sqlstate === undefined ? {} : { sqlstate: main.sqlstate }),
    ...(detail.length > reasons.length ? { detail: detail.join('\n') } : {}),
  });
}

/** Of several attempts the one that got furthest tells most; the first of equals. */
function furthest(all: readonly Explained[]): Explained | undefined {
  return all.toSorted((left, right) => progress(right) - progress(left))[0];
}

/**
 * With `prefer` and `allow`, "no pg_hba.conf entry … no encryption" (28000) only says that the other attempt was the right one,
 * so it counts less than a failed handshake.
 */
function progress({ failure: { step }, sqlstate }: Explained): number {
  if (step === 'resolve' || step === 'dial') return 0;
  return sqlstate === '28000' ? 1 : step === 'negotiate' || step === 'tls' ? 2 : 3;
}

/** A refusal is an answer, silence is not; "only standbys" holds when no host failed otherwise. */
function mostTelling(reasons: readonly Explained[]): readonly Explained[] {
  const order: readonly ErrorCode[] = [
    'secret.exposed',
    'config.invalid',
    'db.denied',
    'db.resources',
    'db.unreachable',
    'db.read-only',
  ];
  const code = order.find((one) => reasons.some((reason) => reason.code === one));
  return reasons.filter((reason) => reason.code === code);
}

function attemptLine({ failure: { address, endpoint, encrypted, step }, reason }: Explained): string {
  const ip = endpoint !== undefined && 'ip' in endpoint && endpoint.ip !== address.host ? ` (${endpoint.ip})` : '';
  const how = step === 'login' || step === 'tls' ? (encrypted || step === 'tls' ? ' with TLS' : ' without TLS') : '';
  return `${describeAddress(address)}${ip}${how}: ${reason}`;
}
