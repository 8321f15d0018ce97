import type pg from 'pg';
import { fail } from '../../core/errors.ts';
import { attempt, type AttemptResult } from './attempt.ts';
import { withDeadline } from './deadline.ts';
import type { TargetExtras } from './extras.ts';
import { connectionFailed, type Failure } from './failure.ts';
import type { StartupPacket } from './login.ts';
import { passesFor, unsuitable, type Wanted } from './session-attributes.ts';
import { endpointsOf, type Endpoint } from './socket.ts';
import { startupOptions } from './startup-options.ts';
import type { ConnectionTarget, HostAddress } from './target.ts';

export interface ConnectOptions {
  /** Stands above the target's; without either it is `dbctl`. The server keeps 63 bytes of it. */
  readonly applicationName?: string;
  /** Server settings for this session, after those of the target's `options`, so that they win. */
  readonly startupOptions?: Readonly<Record<string, string>>;
  /** A connection for base backups and WAL, which takes commands of the replication protocol and no SQL. */
  readonly replication?: boolean;
  /** It will bring gigabytes, for takeBytes() of bulk-read.ts. */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

const READ_ONLY_SETTING = 'default_transaction_read_only';

/**
 * One connection, logged in and of the kind `target_session_attrs` asks for. Hosts are tried in order (shuffled for load
 * balancing), each address of a host in turn, `connectTimeoutMs` for each address (name look-up too; 0 waits without limit). As
 * in libpq an unreachable, starting or unsuitable host is passed over, while a refused login or TLS ends the search. TCP
 * keepalive starts after 10 s of silence unless the target says otherwise. The client has an error listener for life; see
 * connectionFacts() for what it met. End it with `client.end()`.
 *
 * SCRAM passwords are prepared by pg (SASLprep without its prohibitions): one that holds both a character newer than Unicode 3.2
 * and one that NFKC changes (`ﬁ🐘`) is refused here while libpq gets in.
 *
 * Fails with db.unreachable (nobody answers, TLS not agreed, starting up), db.denied (login, database or its rights),
 * db.read-only (only standbys where writes are wanted), db.resources (no connection free), config.invalid or secret.exposed (a
 * TLS file), interrupted (the signal). The message lists each host with its own reason; nothing in the error holds a secret.
 */
export async function connect(
  target: ConnectionTarget & Partial<TargetExtras>,
  options: ConnectOptions = {},
): Promise<pg.Client> {
  const signal = options.signal ?? new AbortController().signal;
  const { packet, afterCheck } = startup(target, options);
  const failures: Failure[] = [];
  for (const wanted of passesFor(target.targetSessionAttrs)) {
    for (const address of target.loadBalance ? shuffled(target.hosts) : target.hosts) {
      const result = await tryHost({ target, address, packet, bulk: options.bulk === true, signal, wanted });
      if (result.kind === 'connected') return settled(result.client, afterCheck);
      failures.push(...result.failures);
      if (result.next === 'stop' || signal.aborted) throw connectionFailed(target, failures, signal);
    }
  }
  throw connectionFailed(target, failures, signal);
}

/**
 * `default_transaction_read_only` in the startup packet would make every server look read-only to `target_session_attrs`; then
 * it is set after the check.
 */
function startup(target: ConnectionTarget, options: ConnectOptions): { packet: StartupPacket; afterCheck: string | undefined } {
  const { [READ_ONLY_SETTING]: readOnly, ...others } = options.startupOptions ?? {};
  const later = readOnly !== undefined && target.targetSessionAttrs.startsWith('read-');
  const sent = startupOptions(later || readOnly === undefined ? others : { ...others, [READ_ONLY_SETTING]: readOnly });
  const all = [target.options ?? '', sent].filter((part) => part !== '').join(' ');
  return {
    packet: {
      user: target.user,
      database: target.database,
      application_name: options.applicationName ?? target.applicationName ?? 'dbctl',
      ...(all === '' ? {} : { options: all }),
      ...(options.replication === true ? { replication: 'true' as const } : {}),
    },
    afterCheck: later ? readOnly : undefined,
  };
}

async function settled(client: pg.Client, readOnly: string | undefined): Promise<pg.Client> {
  if (readOnly === undefined) return client;
  try {
    await client.query('select pg_catalog.set_config($1, $2, false)', [READ_ONLY_SETTING, readOnly]);
    return client;
  } catch (cause) {
    await client.end().catch(() => {});
    return fail('db.unreachable', `the connection to ${client.host}:${client.port} was lost right after the login`, { cause });
  }
}

interface HostRequest {
  readonly target: ConnectionTarget & Partial<TargetExtras>;
  readonly address: HostAddress;
  readonly packet: StartupPacket;
  readonly bulk: boolean;
  readonly signal: AbortSignal;
  readonly wanted: Wanted;
}

async function tryHost(request: HostRequest): Promise<AttemptResult> {
  const { target, address, signal, wanted } = request;
  const failures: Failure[] = [];
  const found = await withDeadline(signal, target.connectTimeoutMs, (limited) => endpoints(address, limited));
  if (!Array.isArray(found)) return { kind: 'failed', failures: [found], next: 'host' };
  for (const endpoint of target.loadBalance ? shuffled(found) : found) {
    const result = await withDeadline(signal, target.connectTimeoutMs, (limited) =>
      attempt({ ...request, endpoint, signal: limited }),
    );
    if (result.kind === 'connected') return suitable(result.client, { address, endpoint, wanted });
    failures.push(...result.failures);
    if (result.next !== 'address' || signal.aborted) return { ...result, failures };
  }
  return { kind: 'failed', failures, next: 'host' };
}

async function endpoints(address: HostAddress, signal: AbortSignal): Promise<Endpoint[] | Failure> {
  return endpointsOf(address, signal).catch((error: unknown) => ({
    address,
    endpoint: undefined,
    step: 'resolve',
    encrypted: false,
    error,
    passwordSources: [],
  }));
}

async function suitable(
  client: pg.Client,
  { wanted, ...place }: { address: HostAddress; endpoint: Endpoint; wanted: Wanted },
): Promise<AttemptResult> {
  const reason = await unsuitable(client, wanted).catch((error: unknown) => error as Error);
  if (reason === undefined) return { kind: 'connected', client };
  await client.end().catch(() => {});
  const failure: Failure = { ...place, step: 'attributes', encrypted: false, error: reason, passwordSources: [] };
  return { kind: 'failed', failures: [failure], next: 'host' };
}

/** Fisher-Yates. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const [left, right] = [order[last], order[other]];
    if (left !== undefined && right !== undefined) [order[last], order[other]] = [right, left];
  }
  return order;
}
