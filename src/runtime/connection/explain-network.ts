import type { Explanation } from './explain.ts';
import type { Failure } from './failure.ts';
import type { ConnectionTarget } from './target.ts';

const SOCKET_HINT = 'Check that the server runs and that unix_socket_directories has this folder, or give a host for TCP.';
const CLOSED = 'Its log says why; a proxy without a server behind it does this too.';

/** Why nobody answered, or stopped answering before the login was done. */
export function explainNetwork(
  error: unknown,
  { address, endpoint }: Failure,
  { connectTimeoutMs }: ConnectionTarget,
): Explanation {
  const socket = endpoint !== undefined && 'path' in endpoint ? endpoint.path : undefined;
  const unreachable = (reason: string, hint: string): Explanation => ({ code: 'db.unreachable', reason, hint });
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      if (socket !== undefined) return unreachable(`no server listens on the socket ${socket}`, SOCKET_HINT);
      return unreachable('connection refused', 'Check that the server runs there, and its port and listen_addresses.');
    case 'ENOENT':
      return unreachable(`there is no socket ${socket}`, SOCKET_HINT);
    case 'EACCES':
      return unreachable(
        `this user may not use the socket ${socket}`,
        'Check unix_socket_permissions and the rights of the folder.',
      );
    case 'ENOTFOUND':
      return unreachable(`host name "${address.host}" not found`, "Check the spelling, and this machine's DNS and VPN.");
    case 'EAI_AGAIN':
      return unreachable(`host name "${address.host}" could not be looked up`, "This machine's DNS does not answer; try again.");
    case 'TimeoutError':
      return unreachable(
        `no answer within ${connectTimeoutMs / 1000} s`,
        'A firewall may drop the packets, or the server hangs.',
      );
    case 'ETIMEDOUT':
      return unreachable('no answer', 'A firewall may drop the packets, or the machine is down.');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable('no route to the host', "Check this machine's network and VPN, and the address.");
    case 'ECONNRESET':
    case 'EPIPE':
      return unreachable('the server closed the connection before the login was done', CLOSED);
    case 'ERR_FOREIGN_SERVER':
      return unreachable(messageOf(error), 'Check host and port; PostgreSQL usually has 5432.');
    case 'ERR_AUTHENTICATION_TYPE':
      return {
        code: 'db.denied',
        reason: 'the server wants an authentication method the driver does not know (GSSAPI or SSPI)',
        hint: 'Let pg_hba.conf ask for scram-sha-256 or a certificate.',
      };
    case 'ERR_SASL':
      return {
        code: 'db.denied',
        reason: 'the SCRAM exchange failed: the server offers no known mechanism, or does not know the password itself',
        hint: 'Something may stand in for the server; connect with sslmode=verify-full.',
      };
    default:
      return unreachable(messageOf(error) || 'unknown reason', 'Check host and port, and what listens there.');
  }
}

/** A code for every error; pg (8.23) gives none to its own and says constant English words. */
function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  const message = messageOf(error);
  if (typeof code === 'string') return code;
  if (message.startsWith('Connection terminated')) return 'ECONNRESET';
  if (message.startsWith('Unknown authenticationOk message type')) return 'ERR_AUTHENTICATION_TYPE';
  if (message.startsWith('SASL: ')) return 'ERR_SASL';
  return typeof name === 'string' ? name : '';
}

function messageOf(error: unknown): string {
  const { message } = error as { message?: unknown };
  return typeof message === 'string' ? message : '';
}
