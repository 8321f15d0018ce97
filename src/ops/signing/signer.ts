import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fail } from '../../core/errors.ts';
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
      return localSigner(name, readKey(await readKeyFile(inFolder(key.file, context.folder), key.file), key.file));
    case 'command':
      return commandSigner(name, key.command, settings.publicKeys, context);
  }
}

/** Writes a new key, mode 0600, in a folder that is made if need be, and returns what verifies its signatures. Never overwrites. Fails with refused, or usage on a bad name. */
export async function createSignerKey(path: string, name: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const verifierKey = verifierKeyText(name, rawPublicKey(publicKey));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600).catch((thrown: NodeJS.ErrnoException) =>
    thrown.code === 'EEXIST'
      ? fail('refused', `${path} is there already`, { hint: 'A key is never overwritten: name another file.' })
      : fail('refused', `${path} cannot be written: ${thrown.code ?? thrown.message}`, {
          hint: 'Name a new file in a folder you may write to.',
        }),
  );
  try {
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await file.sync();
  } finally {
    await file.close();
  }
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

/** The mode is that of the file which is then read: one handle for both, or the name could be given to another file in between. */
async function readKeyFile(path: string, shown: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: NodeJS.ErrnoException) =>
    noKey(thrown.code === 'ENOENT' ? `${shown} is not there` : `${shown} cannot be read: ${thrown.code ?? thrown.message}`),
  );
  try {
    const found = await file.stat();
    if (!found.isFile()) noKey(`${shown} is not a file`);
    if ((found.mode & 0o077) !== 0) exposed(shown, found.mode);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function exposed(shown: string, mode: number): never {
  fail('secret.exposed', `others may read the signing key in ${shown}: its mode is ${(mode & 0o777).toString(8)}`, {
    hint: `Take it back with chmod 600 ${shown}, and make a new key: who could read this one can sign.`,
  });
}

function noKey(problem: string): never {
  fail('refused', `no key to sign checkpoints with: ${problem}`, {
    hint: 'Make one with dbctl ledger key FILE, and name it in ledger.signer.',
  });
}

const inFolder = (file: string, folder: string): string => (isAbsolute(file) ? file : resolve(folder, file));
