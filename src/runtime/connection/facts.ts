import type { Socket } from 'node:net';
import type pg from 'pg';
import { peerOf, type Peer } from './peer.ts';
import type { HostAddress, TlsPolicy } from './target.ts';

/** What is known of a client's connection besides what pg tells. */
export interface ConnectionFacts {
  /** The host of the target it was made to. */
  readonly address: HostAddress;
  /** Address and port at the other end, for a CancelRequest; a path for a Unix socket. */
  readonly remote: { readonly ip: string; readonly port: number } | { readonly path: string };
  readonly encrypted: boolean;
  /** How the other end has proved who it is, as long as the connection stands. */
  readonly peer: Peer;
  /** Settings the server reports by itself, kept current: server_version, in_hot_standby, TimeZone, … */
  readonly parameters: ReadonlyMap<string, string>;
  /** The server has accepted who we are. */
  readonly authenticated: boolean;
  /** The error that ended the connection; set before any query is rejected for it, and queries after it carry no code. */
  readonly lost: Error | undefined;
}

const known = new WeakMap<pg.Client, ConnectionFacts>();

/** The facts of a client made by connect(); undefined for any other client. */
export function connectionFacts(client: pg.Client): ConnectionFacts | undefined {
  return known.get(client);
}

interface Start {
  readonly address: HostAddress;
  readonly encrypted: boolean;
  readonly stream: Socket;
  readonly tls: TlsPolicy;
}

/** Collects facts from now on. The error listener stays for the client's life: without one, a lost server ends the process. */
export function remember(client: pg.Client, { address, encrypted, stream, tls }: Start): ConnectionFacts {
  const parameters = new Map<string, string>();
  const { remoteAddress, remotePort } = stream;
  const path = `${address.host}/.s.PGSQL.${address.port}`;
  const remote = remoteAddress === undefined || remotePort === undefined ? { path } : { ip: remoteAddress, port: remotePort };
  const facts = {
    address,
    remote,
    encrypted,
    get peer() {
      return peerOf(stream, tls, address);
    },
    parameters,
    authenticated: false,
    lost: undefined as Error | undefined,
  };
  client.connection.on('authenticationOk', () => (facts.authenticated = true));
  client.connection.on(
    'parameterStatus',
    ({ parameterName, parameterValue }: { parameterName: string; parameterValue: string }) => {
      parameters.set(parameterName, parameterValue);
    },
  );
  client.on('error', (error) => (facts.lost ??= error));
  known.set(client, facts);
  return facts;
}
