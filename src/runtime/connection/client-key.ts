import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import { fail } from '../../core/errors.ts';

/**
 * The private key of a client certificate as unencrypted PEM. The rules are libpq's: a plain file, mode 0600 or less, or owned by
 * root and 0640 or less; PEM or DER. Fails with secret.exposed when others can read it, with config.invalid when it is missing
 * or does not parse.
 */
export async function privateKey(file: string, passphrase: string | undefined): Promise<string> {
  const found = await stat(file).catch((cause) =>
    fail('config.invalid', `there is a client certificate, but its private key ${file} cannot be read`, {
      cause,
      hint: 'Name the key in sslkey.',
    }),
  );
  if (!found.isFile()) fail('config.invalid', `private key ${file} is not a plain file`);
  const forbidden = found.uid === 0 ? 0o037 : 0o077;
  if (platform() !== 'win32' && (found.mode & forbidden) !== 0) {
    fail('secret.exposed', `private key ${file} can be read by others (mode 0${(found.mode & 0o777).toString(8)})`, {
      hint: `Run chmod 0600 ${file}; a key owned by root may have 0640.`,
    });
  }
  return parseKey(await readFile(file), file, passphrase)
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

function parseKey(content: Buffer, file: string, passphrase: string | undefined): KeyObject {
  const secret = passphrase === undefined ? {} : { passphrase };
  const forms = content.includes('-----BEGIN')
    ? [() => createPrivateKey({ key: content, format: 'pem', ...secret })]
    : (['pkcs8', 'pkcs1', 'sec1'] as const).map(
        (type) => () => createPrivateKey({ key: content, format: 'der', type, ...secret }),
      );
  let cause: unknown;
  for (const read of forms) {
    try {
      return read();
    } catch (error) {
      cause ??= error;
    }
  }
  const isLocked = content.includes('ENCRYPTED') || (cause as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
  const hint = isLocked ? 'Give its passphrase in sslpassword.' : 'It must be an RSA, EC or Ed25519 key in PEM or DER format.';
  return fail('config.invalid', `private key ${file} cannot be ${isLocked ? 'decrypted' : 'parsed'}`, { hint });
}
