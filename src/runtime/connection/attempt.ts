import type { Socket } from 'node:net';
import type pg from 'pg';
import { isSocket } from './describe.ts';
import { DEFAULT_KEEP_ALIVE, DEFAULT_TLS_DETAILS, type TargetExtras } from './extras.ts';
import type { Failure } from './failure.ts';
import { logIn, LoginFailed, type StartupPacket } from './login.ts';
import { encrypt, ForeignServer, offersTls, TlsRefused } from './negotiate.ts';
import { dial, type Endpoint } from './socket.ts';
import type { ConnectionTarget, HostAddress } from './target.ts';
import { encryptionsFor, tlsOptions, type Encryption } from './tls.ts';

/** What to do after a failure, as libpq decides it. */
export type Next = 'address' | 'host' | 'stop';

export interface AttemptRequest {
  readonly target: ConnectionTarget & Partial<TargetExtras>;
  readonly address: HostAddress;
  readonly endpoint: Endpoint;
  readonly packet: StartupPacket;
  readonly bulk: boolean;
  readonly signal: AbortSignal;
}

export type AttemptResult =
  | { readonly kind: 'connected'; readonly client: pg.Client }
  | { readonly kind: 'failed'; readonly failures: readonly Failure[]; readonly next: Next };

/**
 * Tries one address with each encryption the sslmode allows. Whatever goes wrong after the connection stands (handshake,
 * refused login) makes `prefer` and `allow` try the other encryption; nobody answering makes them go to the next address.
 */
export async function attempt(request: AttemptRequest): Promise<AttemptResult> {
  const { target, address, signal } = request;
  const failures: Failure[] = [];
  for (const encryption of isSocket(address) ? (['plain'] as const) : encryptionsFor(target.tls.mode)) {
    const state = { step: 'dial' as Step, encrypted: false };
    try {
      return { kind: 'connected', client: await connectOnce(request, encryption, state) };
    } catch (error) {
      if (signal.aborted)
        return { kind: 'failed', failures: [...failures, failure(request, state, signal.reason)], next: 'address' };
      failures.push(failure(request, state, error));
      const next = nextAfter(error, state);
      if (next !== 'encryption') return { kind: 'failed', failures, next };
      // The server has no TLS, so a second attempt would repeat the first.
      if (encryption === 'tls-or-plain' && !state.encrypted && state.step === 'login') break;
    }
  }
  return { kind: 'failed', failures, next: 'stop' };
}

type Step = 'dial' | 'negotiate' | 'tls' | 'login';

interface State {
  step: Step;
  encrypted: boolean;
}

async function connectOnce(request: AttemptRequest, encryption: Encryption, state: State): Promise<pg.Client> {
  const { target, address, endpoint, packet, signal } = request;
  const socket = await dial(endpoint, target.keepAlive ?? DEFAULT_KEEP_ALIVE, signal, request.bulk);
  const abort = (): unknown => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const stream = await secured(request, encryption, socket, state);
    state.step = 'login';
    return await logIn(stream, target, address, packet);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function secured(
  { target, address, signal }: AttemptRequest,
  encryption: Encryption,
  socket: Socket,
  state: State,
): Promise<Socket> {
  if (encryption === 'plain') return socket;
  const { tls, tlsDetails = DEFAULT_TLS_DETAILS } = target;
  state.step = 'negotiate';
  if (tls.negotiation === 'postgres' && !(await offersTls(socket, signal))) {
    if (encryption === 'tls-or-plain') return socket;
    throw new TlsRefused(
      `the server does not offer TLS, and sslmode is ${tls.mode}`,
      'Set ssl = on on the server; sslmode=disable only where nobody can listen.',
    );
  }
  state.step = 'tls';
  const stream = await encrypt(socket, await tlsOptions(tls, address, tlsDetails), tls.negotiation, signal);
  state.encrypted = true;
  return stream;
}

/** libpq's decisions (PQconnectPoll), but for a connection that is closed before login: that host is passed over, not the end. */
function nextAfter(error: unknown, { step }: State): Next | 'encryption' {
  if (step === 'dial') return 'address';
  if (step === 'negotiate') return error instanceof TlsRefused || error instanceof ForeignServer ? 'stop' : 'host';
  if (step === 'tls') return 'encryption';
  if (!(error instanceof LoginFailed)) return 'stop';
  const { code, severity } = error.cause as { code?: unknown; severity?: unknown };
  if (code === '57P03') return 'host';
  if (severity === undefined && !error.authenticated && isLost(error.cause)) return 'host';
  return severity !== undefined && !error.authenticated ? 'encryption' : 'stop';
}

function isLost(cause: unknown): boolean {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return code === 'ECONNRESET' || code === 'EPIPE' || message === 'Connection terminated unexpectedly';
}

function failure({ address, endpoint }: AttemptRequest, { step, encrypted }: State, error: unknown): Failure {
  const login =
    error instanceof LoginFailed
      ? { error: error.cause, passwordSources: error.passwordSources }
      : { error, passwordSources: [] };
  return { address, endpoint, step, encrypted, ...login };
}
