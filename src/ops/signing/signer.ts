import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { fail } from '../../core/errors.ts';
import { createKeyFile, readKeyFile } from './key-file.ts';
import { commandSigner } from './signer-command.ts';
import { rawPublicKey, verifierKeyText } from './verifier-key.ts';

/** Signs checkpoints; the key never leaves it. */
export interface Signer {
  readonly name: string;
  /** `name+id+key`, for ledger.public_keys. Of an external command: the key of its last answer. */
  readonly verifierKey: string;
  /** Fails with refused when the key does not answer, or answers with a signature that is not good. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Where the key is: outside the database, so that who owns that cannot sign. */
export type KeyPlace =
  | { readonly kind: 'variable'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

export interface SignerSettings {
  readonly name: string;
  readonly key: KeyPlace;
  /** Verifier keys of the project; the key of an external command is among them, by its name. */
  readonly publicKeys: readonly string[];
}

export interface SignerContext {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Files are relative to it. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/**
 * Opens the key. Fails with refused where there is none to use, with secret.exposed on a file others may read. The key itself is in no
 * message, nor is anything that was read from its place.
 */
export async function openSigner(settings: SignerSettings, context: SignerContext): Promise<Signer> {
  const { key, name } = settings;
  switch (key.kind) {
    case 'variable': {
      const text = context.variables[key.variable];
      if (text === undefined || text === '') noKey(`the variable ${key.variable} is not set`);
      return localSigner(name, readKey(text, `the variable ${key.variable}`));
    }
    case 'file':
      return localSigner(name, readKey(await keyTextOf(inFolder(key.file, context.folder), key.file), key.file));
    case 'command':
      return commandSigner(name, key.command, settings.publicKeys, context);
  }
}

/** Writes a new key, mode 0600, in a folder that is made if need be, and returns what verifies its signatures. Never overwrites. Fails with refused, or usage on a bad name. */
export async function createSignerKey(path: string, name: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const verifierKey = verifierKeyText(name, rawPublicKey(publicKey));
  await createKeyFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return verifierKey;
}

function localSigner(name: string, key: KeyObject): Signer {
  const verifierKey = verifierKeyText(name, rawPublicKey(createPublicKey(key)));
  return { name, verifierKey, sign: (message) => Promise.resolve(sign(null, message, key)) };
}

/** PKCS #8 in PEM, or the 32 bytes of the seed in base64. */
function readKey(text: string, place: string): KeyObject {
  try {
    const key = text.includes('-----BEGIN') ? createPrivateKey(text) : fromSeed(Buffer.from(text.trim(), 'base64'));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The text is a secret, and messages of the parser may quote it.
  }
  return noKey(`${place} holds no Ed25519 private key`);
}

/** PKCS #8 of an Ed25519 key is this prefix and the seed (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function fromSeed(seed: Buffer): KeyObject {
  if (seed.length !== 32) throw new RangeError('a seed has 32 bytes');
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
}

async function keyTextOf(path: string, shown: string): Promise<string> {
  const file = await readKeyFile(path, shown);
  switch (file.kind) {
    case 'read':
      return file.text;
    case 'exposed':
      return exposed(shown, file.mode);
    case 'none':
      return noKey(file.problem);
  }
}

function exposed(shown: string, mode: string): never {
  fail('secret.exposed', `others may read the signing key in ${shown}: its mode is ${mode}`, {
    hint: `Take it back with chmod 600 ${shown}, and make a new key: who could read this one can sign.`,
  });
}

function noKey(problem: string): never {
  fail('refused', `no key to sign with: ${problem}`, {
    hint: 'Make one with dbctl ledger key FILE, and name it in ledger.signer.',
  });
}

const inFolder = (file: string, folder: string): string => (isAbsolute(file) ? file : resolve(folder, file));
