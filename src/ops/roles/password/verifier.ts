import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from './saslprep.ts';

/** What the server keeps of a password (RFC 5802, 3): enough to check a login with, and not to log in with. */
export interface Verifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** As long as the server's own (SCRAM_DEFAULT_SALT_LEN). */
const SALT_BYTES = 16;
const KEY_BYTES = 32;

const derive = promisify(pbkdf2);
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * The verifier of a password, with a salt made by chance.
 *
 * @param iterations the server's `scram_iterations`
 * Fails with RangeError on passwords no server takes: the empty one, and those with a NUL.
 */
export function makeVerifier(password: string, iterations: number, salt: Buffer = randomBytes(SALT_BYTES)): Promise<Verifier> {
  if (password === '') throw new RangeError('a password cannot be empty');
  if (password.includes('\0')) throw new RangeError('a password cannot contain a NUL character');
  return derived(password, iterations, salt);
}

async function derived(password: string, iterations: number, salt: Buffer): Promise<Verifier> {
  const salted = await derive(Buffer.from(saslprep(password), 'utf8'), salt, iterations, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return { iterations, salt, storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** Whether the verifier is one of this password: what the server asks at a login, without a login. */
export async function isVerifierOf(verifier: Verifier, password: string): Promise<boolean> {
  if (password === '' || password.includes('\0')) return false;
  const { storedKey } = await derived(password, verifier.iterations, verifier.salt);
  return timingSafeEqual(storedKey, verifier.storedKey);
}

/** As pg_authid keeps it: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`. */
export function verifierText({ iterations, salt, storedKey, serverKey }: Verifier): string {
  const [s, stored, server] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `SCRAM-SHA-256$${iterations}:${s}$${stored}:${server}`;
}

const WRITTEN = /^SCRAM-SHA-256\$([1-9]\d{0,9}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/** The same read back; undefined where it is none. */
export function parseVerifier(text: string): Verifier | undefined {
  const [, iterations, ...parts] = WRITTEN.exec(text) ?? [];
  const [salt, storedKey, serverKey] = parts.map((part) => Buffer.from(part, 'base64'));
  if (iterations === undefined || salt === undefined || storedKey === undefined || serverKey === undefined) return undefined;
  return { iterations: Number(iterations), salt, storedKey, serverKey };
}

/** What pg_authid.rolpassword holds. `other` is neither: the server takes no login with it. */
export type PasswordKind = { readonly kind: 'scram'; readonly iterations: number } | { readonly kind: 'md5' | 'none' | 'other' };

/** The kind of what stands in pg_authid; an md5 hash is that word and 32 hexadecimal digits (get_password_type in crypt.c). */
export function passwordKind(stored: string | null): PasswordKind {
  if (stored === null) return { kind: 'none' };
  if (/^md5[0-9a-f]{32}$/.test(stored)) return { kind: 'md5' };
  const verifier = parseVerifier(stored);
  return verifier === undefined ? { kind: 'other' } : { kind: 'scram', iterations: verifier.iterations };
}
