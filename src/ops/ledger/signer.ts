import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { fail } from '../../core/errors.ts';
import { goodSignature, parseVerifierKey, rawPublicKey, verifierKeyText } from './verifier-key.ts';

/** Signs checkpoints; the key never leaves it. */
export interface Signer {
  readonly name: string;
  /** `name+id+key`, for ledger.public_keys. */
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
  /** Verifier keys of the project; the key of an external command is among them. */
  readonly publicKeys: readonly string[];
}

export interface SignerContext {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Files are relative to it. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** Opens the key. Fails with refused on a key others may read, secret.missing words aside: the key itself is in no message. */
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
      return commandSigner(settings, key.command, context);
  }
}

/** Writes a new key, mode 0600, and returns what verifies its signatures. Never overwrites. */
export async function createSignerKey(path: string, name: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const file = await open(path, 'wx', 0o600).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') throw thrown;
    return fail('refused', `${path} is there already`, { hint: 'A key is never overwritten: name another file.' });
  });
  try {
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await file.sync();
  } finally {
    await file.close();
  }
  return verifierKeyText(name, rawPublicKey(publicKey));
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

async function readKeyFile(path: string, shown: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found === null) return noKey(`${shown} is not there`);
  if ((found.mode & 0o077) !== 0) {
    fail('secret.exposed', `others may read the signing key in ${shown}: its mode is ${(found.mode & 0o777).toString(8)}`, {
      hint: `Take it back with chmod 600 ${shown}, and make a new key: who could read this one can sign.`,
    });
  }
  return readFile(path, 'utf8');
}

function noKey(problem: string): never {
  fail('refused', `no key to sign checkpoints with: ${problem}`, { hint: 'Make one with dbctl ledger key FILE, and name it in ledger.signer.' });
}

const inFolder = (file: string, folder: string): string => (isAbsolute(file) ? file : resolve(folder, file));

/** A key management service, an agent, a smart card: the message goes to its standard input, the signature comes back in base64. */
function commandSigner({ name, publicKeys }: SignerSettings, command: readonly string[], context: SignerContext): Signer {
  const verifierKey = publicKeys.find((text) => parseVerifierKey(text).name === name);
  if (verifierKey === undefined) {
    noKey(`ledger.public_keys has no key of the name ${name}, which is needed to check what the command answers`);
  }
  const key = parseVerifierKey(verifierKey);
  return {
    name,
    verifierKey,
    sign: async (message) => {
      const signature = Buffer.from((await runCommand(command, message, context)).trim(), 'base64');
      if (!goodSignature(key, message, signature)) noKey(`${command[0]} answered with a signature that is not one of ${name}`);
      return signature;
    },
  };
}

function runCommand([program = '', ...args]: readonly string[], input: Uint8Array, { folder, signal }: SignerContext): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'], timeout: 30_000, ...(signal && { signal }) });
    let answer = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text));
    child.stdin.on('error', () => {});
    child.on('error', (thrown) => failed(thrown));
    child.on('close', (status) => (status === 0 ? done(answer) : failed(new Error(`exit ${status}`))));
    child.stdin.end(input);
  }).then(
    (answer) => answer as string,
    (thrown: Error) => noKey(`${program} did not sign: ${thrown.message}`),
  );
}
