import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { fail } from '../../core/errors.ts';

/** Algorithm byte of Ed25519 in signed notes (C2SP signed-note). */
const ED25519 = 1;

/** A name stands between spaces and plus signs. */
const NAME = /^[^\s+\p{C}]+$/u;

/** What a signature is checked with; goes into the repository, where everybody sees it change. */
export interface VerifierKey {
  readonly name: string;
  /** First four bytes of SHA-256 over name, line feed, algorithm and key: says which key of a name signed. */
  readonly id: Buffer;
  readonly publicKey: KeyObject;
}

/**
 * `name+id+key`, the text form of C2SP signed-note, from the 32 bytes of an Ed25519 public key.
 * Fails with usage on a name that would break it.
 */
export function verifierKeyText(name: string, publicKey: Uint8Array): string {
  if (!NAME.test(name))
    fail('usage', `not a name for a key: ${JSON.stringify(name)}`, {
      hint: 'Take letters, digits and dashes, such as learning-lab-ledger.',
    });
  const body = Buffer.concat([Buffer.from([ED25519]), publicKey]);
  return `${name}+${keyId(name, body).toString('hex')}+${body.toString('base64')}`;
}

/** Reads the text form. Fails with config.invalid on anything that is none, or whose id does not fit its key. */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim());
  const body = Buffer.from(match?.[3] ?? '', 'base64');
  if (match === null || body.length !== 33 || body[0] !== ED25519) {
    fail('config.invalid', `not a verifier key: ${text.slice(0, 80)}`, {
      hint: 'A verifier key reads name+id+key, as dbctl ledger key prints it.',
    });
  }
  const [, name = '', id = ''] = match;
  if (keyId(name, body).toString('hex') !== id) {
    fail('config.invalid', `the verifier key of ${name} does not fit its id ${id}`, {
      hint: 'Copy it again from where it was printed.',
    });
  }
  return { name, id: Buffer.from(id, 'hex'), publicKey: publicKeyOf(body.subarray(1)) };
}

export function goodSignature({ publicKey }: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, publicKey, signature);
}

/** The raw 32 bytes of an Ed25519 public key. */
export function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });
}

function keyId(name: string, body: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(body).digest().subarray(0, 4);
}
