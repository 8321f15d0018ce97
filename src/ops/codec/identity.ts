import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { isAbsolute, resolve } from 'node:path';
import { fail } from '../../core/errors.ts';
import { askProgram } from '../signing/ask-program.ts';
import { createKeyFile, readKeyFile } from '../signing/key-file.ts';
import type { KeyPlace, SignerContext } from '../signing/signer.ts';

/** Opens wrapped keys. What it opens them with stays inside. */
export interface Identity {
  /** Fails with refused where it does not open this one, with backup.failed where the text is damaged or wraps something else. */
  unwrap<T>(wrapped: string, secret: WrappedSecret<T>): Promise<T>;
}

/** Something small that is encrypted with age to people. */
export interface WrappedSecret<T> {
  /** The file it is in, as errors name it. */
  readonly file: string;
  /** As in "no armored age file with a data key in it". */
  readonly what: string;
  /** What is lost without it. */
  readonly loss: string;
  /** Reads what was encrypted; null: it is something else. */
  readonly parse: (text: string) => T | null;
}

const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/**
 * Opens the identities of age at that place: a file of mode 0600 or a variable, each in the form of `age-keygen`; or a command, which is
 * given the wrapped key on its standard input and writes what is in it, as `age --decrypt --identity FILE` does, so that plugins and hardware
 * keys of age work. Fails with refused where there is none to use, with secret.exposed on a file others may read. Nothing that was read is
 * in any message.
 */
export async function openIdentity(place: KeyPlace, context: SignerContext): Promise<Identity> {
  switch (place.kind) {
    case 'variable': {
      const text = context.variables[place.variable];
      if (text === undefined || text === '') return noIdentity(`the variable ${place.variable} is not set`);
      return localIdentity(text, `the variable ${place.variable}`);
    }
    case 'file':
      return localIdentity(await textOf(place.file, context.folder), place.file);
    case 'command':
      return commandIdentity(place.command, context);
  }
}

/** Writes a new identity, mode 0600, in the form of `age-keygen`, and returns its recipient. Never overwrites. Fails with refused. */
export async function createIdentity(path: string, now: Date): Promise<string> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  await createKeyFile(path, `# created: ${now.toISOString()}\n# public key: ${recipient}\n${identity}\n`);
  return recipient;
}

async function textOf(file: string, folder: string): Promise<string> {
  const found = await readKeyFile(isAbsolute(file) ? file : resolve(folder, file), file);
  switch (found.kind) {
    case 'read':
      return found.text;
    case 'none':
      return noIdentity(found.problem);
    case 'exposed':
      return fail('secret.exposed', `others may read the identity in ${file}: its mode is ${found.mode}`, {
        hint: `Take it back with chmod 600 ${file}, make a new one, and rewrap: who could read this one can read the backups.`,
      });
  }
}

function localIdentity(text: string, place: string): Identity {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const decrypter = new Decrypter();
  try {
    if (lines.length === 0) throw new RangeError('no line');
    for (const line of lines) {
      if (!IDENTITY.test(line.trim())) throw new RangeError('not an identity');
      decrypter.addIdentity(line.trim());
    }
  } catch {
    // The text is a secret, and messages of the parser may quote it.
    return noIdentity(`${place} holds no identity of age, or something else beside it`);
  }
  return {
    unwrap: async (wrapped, secret) =>
      secret.parse(await decrypted(decrypter, bytesOf(wrapped, secret), place, secret)) ?? damaged(secret),
  };
}

type Named = Pick<WrappedSecret<unknown>, 'file' | 'what' | 'loss'>;

function bytesOf(wrapped: string, secret: Named): Uint8Array {
  try {
    return armor.decode(wrapped);
  } catch {
    return damaged(secret);
  }
}

async function decrypted(decrypter: Decrypter, wrapped: Uint8Array, place: string, secret: Named): Promise<string> {
  try {
    return await decrypter.decrypt(wrapped, 'text');
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.message.startsWith('no identity matched'))) return damaged(secret);
  }
  return fail('refused', `${place} does not open ${secret.file}: it was wrapped for others`, {
    hint: 'The manifest lists the recipients: bring the identity of one of them.',
  });
}

function commandIdentity(command: readonly string[], context: SignerContext): Identity {
  return {
    unwrap: async (wrapped, { file, what, parse }) => {
      const refuse = (problem: string): never =>
        fail('refused', `${file} cannot be opened: ${problem}`, {
          hint: `Run the command of backup.encryption.identity by hand: ${file} on its standard input, the ${what} on its standard output.`,
        });
      const answer = await askProgram(command, Buffer.from(wrapped), { ...context, what: 'open it', refuse });
      return parse(answer) ?? refuse(`${command[0]} answered with something that is no ${what}`);
    },
  };
}

function damaged({ file, what, loss }: Named): never {
  return fail('backup.failed', `${file} is damaged, or no armored age file with a ${what} in it`, {
    hint: `Bring it from another copy of the repository: without it ${loss}.`,
  });
}

function noIdentity(problem: string): never {
  fail('refused', `no identity to open the backup with: ${problem}`, {
    hint: 'Give the file of one with --identity FILE, or name it in backup.encryption.identity.',
  });
}
