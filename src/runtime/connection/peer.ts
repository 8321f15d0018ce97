import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { hostMismatch } from './certificate.ts';
import type { HostAddress, SslMode, TlsPolicy } from './target.ts';

/** What the client knows of the other end's proof of being itself; the server cannot tell it by SQL. */
export interface Peer {
  /** In force for this connection. */
  readonly sslMode: SslMode;
  /** The chain was verified against an authority of the policy: a self-signed certificate that was, is pinned. */
  readonly verified: boolean;
  /** null where no TLS is spoken. */
  readonly certificate: PeerCertificateFacts | null;
}

export interface PeerCertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly selfSigned: boolean;
  /** Why it does not fit the host, by libpq's rules; null when it fits. */
  readonly mismatch: string | null;
}

/** The facts of a connection that stands. A closed one has shown no certificate. */
export function peerOf(stream: Socket, policy: TlsPolicy, address: HostAddress): Peer {
  const certificate = stream instanceof TLSSocket ? certificateOf(stream, address) : null;
  const authority = policy.systemRoots || policy.rootCert !== undefined;
  const verified = certificate !== null && authority && (stream as TLSSocket).authorized;
  return { sslMode: policy.mode, verified, certificate };
}

function certificateOf(stream: TLSSocket, { host }: HostAddress): PeerCertificateFacts | null {
  const shown = stream.getPeerX509Certificate();
  if (shown === undefined) return null;
  return {
    subject: oneLine(shown.subject),
    issuer: oneLine(shown.issuer),
    notBefore: new Date(shown.validFrom),
    notAfter: new Date(shown.validTo),
    selfSigned: shown.checkIssued(shown) && shown.verify(shown.publicKey),
    mismatch: hostMismatch(shown.toLegacyObject(), host) ?? null,
  };
}

/** Node writes a name as one line for each of its parts. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
