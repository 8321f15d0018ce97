import type { ConnectionTarget, HostAddress } from './target.ts';

/** Whether the address is a Unix socket's folder. TLS is never used there. */
export function isSocket({ host, address }: HostAddress): boolean {
  return address === undefined && host.startsWith('/');
}

/** `db1:5432`, `[::1]:5432`, `/run/postgresql:5432`. */
export function describeAddress({ host, port }: HostAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** `user@host:port/database`, several hosts with commas between: for messages and logs, without the password. */
export function describeTarget(target: Pick<ConnectionTarget, 'hosts' | 'user' | 'database'>): string {
  return `${target.user}@${target.hosts.map(describeAddress).join(',')}/${target.database}`;
}
