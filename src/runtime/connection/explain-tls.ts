import type { Explanation } from './explain.ts';
import { TlsRefused } from './negotiate.ts';
import type { ConnectionTarget, TlsPolicy } from './target.ts';

/** Why TLS did not come about. Everything but a right certificate is a server nobody should talk to: db.unreachable. */
export function explainTls(error: unknown, { tls }: ConnectionTarget): Explanation {
  const { code: word, message } = error as { code?: unknown; message?: unknown };
  const refused = (reason: string, hint: string): Explanation => ({ code: 'db.unreachable', reason, hint });
  if (error instanceof TlsRefused) return refused(error.message, error.hint);
  switch (word) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return refused(
        `the server's certificate is not signed by an authority in ${authorities(tls)}`,
        'Put the certificate of its authority there, or name the right file in sslrootcert.',
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return refused(String(message), 'Connect with a name the certificate has; with hostaddr the name stays in host.');
    case 'CERT_HAS_EXPIRED':
      return refused("the server's certificate has expired", "Renew it on the server, and check this machine's clock.");
    case 'CERT_NOT_YET_VALID':
      return refused("the server's certificate is not valid yet", "Check this machine's clock and the server's.");
    case 'CERT_REVOKED':
      return refused("the server's certificate was revoked", 'Do not connect: ask who revoked it and why.');
    case 'ECONNRESET':
      return refused(
        'the server closed the connection during the TLS handshake',
        'It may want a client certificate (sslcert, sslkey) or another TLS version.',
      );
    default:
      return refused(
        `TLS could not be agreed: ${handshake(String(message))}`,
        "Compare ssl_min_protocol_version here and on the server; the server's log says more.",
      );
  }
}

function authorities({ systemRoots, rootCert }: TlsPolicy): string {
  return systemRoots ? "the machine's store" : (rootCert ?? '~/.postgresql/root.crt');
}

/** OpenSSL's error queue as text: only the reason is for people. */
function handshake(message: string): string {
  return /:([^:]+):[^:]*:\d+:/.exec(message)?.[1]?.trim() ?? message.trim();
}
