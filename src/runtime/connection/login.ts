import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import pg from 'pg';
import { fail } from '../../core/errors.ts';
import type { PasswordLookup, TargetExtras } from './extras.ts';
import { remember } from './facts.ts';
import { guardLogin, type LoginMethodRefused } from './login-guard.ts';
import { containParserErrors, standing } from './ready-stream.ts';
import type { ConnectionTarget, HostAddress } from './target.ts';

/** What is sent to the server, decided; pg adds nothing from process.env. */
export interface StartupPacket {
  readonly user: string;
  readonly database: string;
  readonly application_name: string;
  readonly options?: string;
  /** Speaks the replication protocol: no SQL, but base backups and WAL. */
  readonly replication?: 'true';
}

export class NoPassword extends Error {
  readonly code = 'ERR_NO_PASSWORD';
  readonly sources: readonly string[];
  constructor(sources: readonly string[]) {
    super('the server asks for a password and none was given');
    this.sources = sources;
  }
}

/** A login that failed: before or after the server accepted who we are. */
export class LoginFailed extends Error {
  readonly authenticated: boolean;
  readonly passwordSources: readonly string[];
  constructor(cause: unknown, authenticated: boolean, passwordSources: readonly string[]) {
    super('the login failed', { cause });
    this.authenticated = authenticated;
    this.passwordSources = passwordSources;
  }
}

/** A SCRAM server may ask for any number of rounds; libpq would compute 2^31 of them. 10 million take a few seconds. */
const MOST_SCRAM_ROUNDS = 10_000_000;

/** The rest of a pg.Client that its types leave out. */
interface Internals {
  getStartupConf(): StartupPacket;
}

/** What becomes of one login, seen from pg's callbacks. */
interface Course {
  refused: LoginMethodRefused | undefined;
  lookup: PasswordLookup;
}

/**
 * Logs in over a stream that stands, TLS included. Rejects with {@link LoginFailed}; its cause is the server's error, a
 * {@link NoPassword}, or a {@link LoginMethodRefused}. The client keeps an error listener for life.
 */
export async function logIn(
  stream: Socket,
  target: ConnectionTarget & Partial<TargetExtras>,
  address: HostAddress,
  packet: StartupPacket,
): Promise<pg.Client> {
  refuseNulBytes(packet);
  const encrypted = stream instanceof TLSSocket;
  const course: Course = { refused: undefined, lookup: { password: undefined, sources: [] } };
  const client = clientFor(stream, target, address, packet, course);
  const facts = remember(client, { address, encrypted, stream, tls: target.tls });
  const rules = { authentication: target.authentication, channelBinding: target.channelBinding, encrypted };
  guardLogin(client.connection, rules, (reason) => {
    course.refused ??= reason;
    stream.destroy(course.refused);
  });
  try {
    const connected = client.connect();
    containParserErrors(stream, client.connection);
    await connected;
    // AuthenticationOk and ReadyForQuery come in one packet: pg is content before the destroyed stream says otherwise.
    if (course.refused !== undefined) throw course.refused;
    return client;
  } catch (cause) {
    stream.destroy();
    throw new LoginFailed(course.refused ?? cause, facts.authenticated, course.lookup.sources);
  }
}

/** Every value is given, so that pg takes none from process.env; only the startup packet it would still fill up from there. */
function clientFor(
  stream: Socket,
  target: ConnectionTarget & Partial<TargetExtras>,
  address: HostAddress,
  packet: StartupPacket,
  course: Course,
): pg.Client {
  const config: pg.ClientConfig & { scramMaxIterations: number } = {
    stream: () => standing(stream),
    ssl: false,
    sslnegotiation: 'postgres',
    connectionTimeoutMillis: 0,
    host: address.host,
    port: address.port,
    user: packet.user,
    database: packet.database,
    enableChannelBinding: stream instanceof TLSSocket && target.channelBinding !== 'disable',
    scramMaxIterations: MOST_SCRAM_ROUNDS,
    password: async () => {
      if (course.refused !== undefined) throw course.refused;
      course.lookup = (await target.lookUpPassword?.(address)) ?? { password: await target.password(address), sources: [] };
      if (!course.lookup.password) throw new NoPassword(course.lookup.sources);
      return course.lookup.password;
    },
  };
  const client = new pg.Client(config);
  (client as unknown as Internals).getStartupConf = () => packet;
  return client;
}

/** In the startup packet a NUL ends a value: what follows it would be read as further parameters. */
function refuseNulBytes(packet: StartupPacket): void {
  for (const [name, value] of Object.entries(packet)) {
    if (String(value).includes('\0')) fail('config.invalid', `${name} holds a NUL byte`);
  }
}
