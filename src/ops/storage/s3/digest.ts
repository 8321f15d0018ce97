import { createHash, type Hash } from 'node:crypto';

/** What a service that stored the bytes reports about them. */
export interface Digest {
  readonly bytes: number;
  /** Base64; of an object of several parts the hash of their hashes. */
  readonly sha256: string;
  /** The ETag of an object that is not encrypted with a key of its own: hex, of several parts the hash of their hashes and `-N`. */
  readonly md5: string;
}

export function digestOf(bytes: Buffer): Digest {
  return {
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('base64'),
    md5: createHash('md5').update(bytes).digest('hex'),
  };
}

/** Of an object put together from parts. */
export function joined(parts: readonly Digest[]): Digest {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  for (const part of parts) {
    sha256.update(part.sha256, 'base64');
    md5.update(part.md5, 'hex');
  }
  return {
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256: sha256.digest('base64'),
    md5: `${md5.digest('hex')}-${parts.length}`,
  };
}

/** What a head or a get answers, as far as it tells of the content. */
export interface Reported {
  readonly ETag?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

/** The digest the service reports, by which content can be judged; null: none, or none of a kind we know. */
export function reportedDigest(reported: Reported): { readonly kind: 'sha256' | 'md5'; readonly value: string } | null {
  const { ETag, ChecksumSHA256, ServerSideEncryption, SSECustomerAlgorithm } = reported;
  if (ChecksumSHA256 !== undefined) return { kind: 'sha256', value: ChecksumSHA256.replace(/-\d+$/, '') };
  const etag = (ETag ?? '').replaceAll('"', '');
  // With a key of the customer's or of the key service the ETag is no MD5.
  const opaque = SSECustomerAlgorithm !== undefined || (ServerSideEncryption ?? 'AES256') !== 'AES256';
  return !opaque && /^[0-9a-f]{32}(-\d+)?$/.test(etag) ? { kind: 'md5', value: etag } : null;
}

/** Hashes a stream as the service did: whole, or in parts of so many bytes. */
export interface Digesting {
  update(chunk: Buffer): void;
  end(): string;
}

export function digesting(kind: 'sha256' | 'md5', partBytes: number | null): Digesting {
  const encoding = kind === 'sha256' ? 'base64' : 'hex';
  const whole = createHash(kind);
  let part: Hash = createHash(kind);
  let [filled, parts] = [0, 0];
  const endPart = (): void => {
    whole.update(part.digest());
    [part, filled, parts] = [createHash(kind), 0, parts + 1];
  };
  return {
    update(chunk) {
      if (partBytes === null) return void whole.update(chunk);
      for (let at = 0; at < chunk.length;) {
        if (filled === partBytes) endPart();
        const piece = chunk.subarray(at, at + partBytes - filled);
        part.update(piece);
        [filled, at] = [filled + piece.length, at + piece.length];
      }
    },
    end() {
      if (partBytes !== null) endPart();
      const value = whole.digest(encoding);
      return partBytes !== null && kind === 'md5' ? `${value}-${parts}` : value;
    },
  };
}
