import { fail } from '../../core/errors.ts';
import type { TargetExtras } from '../../runtime/connection/extras.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { DevEnvironment, DevProject } from './environment.ts';
import { SUPERUSER } from './passfile.ts';
import { recordedServers } from './recorded.ts';

/** A server on this machine. */
export interface LocalAddress {
  /** `127.0.0.1`, or the folder of its socket. */
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

/**
 * The superuser of a server on this machine, without TLS: nothing leaves the machine. Only SCRAM is answered, in which the password never
 * goes over the line: another user's program may have taken the port of a stopped server, and would only have to ask.
 */
export function localTarget(
  { host, port, password }: LocalAddress,
  database: string,
): ConnectionTarget & Pick<TargetExtras, 'authentication'> {
  return {
    hosts: [{ host, port }],
    loadBalance: false,
    database,
    user: SUPERUSER,
    password: () => Promise.resolve(password),
    authentication: { allowed: ['scram-sha-256'], written: 'scram-sha-256' },
    tls: { mode: 'disable', systemRoots: false, negotiation: 'postgres' },
    targetSessionAttrs: 'any',
    applicationName: undefined,
    options: undefined,
    connectTimeoutMs: 10_000,
    channelBinding: 'prefer',
  };
}

/**
 * The database of the project on its development server, as last started: what an environment with `embedded: true` means. It is
 * not tried whether the server runs.
 * Fails with db.unreachable when the project has never had one.
 */
export async function devConnection(environment: DevEnvironment, project: DevProject): Promise<ConnectionTarget> {
  const [server] = await recordedServers(environment, project);
  if (server === undefined) {
    fail('db.unreachable', `project ${project.project} has no development server yet`, { hint: 'Start one with dbctl dev up.' });
  }
  if (!server.running) {
    fail('db.unreachable', `the development server of ${project.project} is stopped`, { hint: 'Start it with dbctl dev up.' });
  }
  return localTarget({ host: '127.0.0.1', port: server.port, password: server.password }, project.dev.database);
}
