import type { ConnectionTarget } from '../../runtime/connection/target.ts';

/** A server of ours on a socket that only its account and root can reach: whoever gets there may be anybody, so no password is asked. */
export function socketTarget(
  { socket, port }: { readonly socket: string; readonly port: number },
  user: string,
  database: string,
  /** As of PGOPTIONS. */
  options?: string,
): ConnectionTarget {
  return {
    hosts: [{ host: socket, port }],
    loadBalance: false,
    database,
    user,
    password: () => Promise.resolve(undefined),
    tls: { mode: 'disable', systemRoots: false, negotiation: 'postgres' },
    targetSessionAttrs: 'any',
    applicationName: undefined,
    options,
    connectTimeoutMs: 10_000,
    channelBinding: 'prefer',
  };
}
