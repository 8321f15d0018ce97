import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { platform } from 'node:os';
import { fail } from '../core/errors.ts';

/** A hand-written configuration is some kilobytes; a megabyte is another file by mistake. */
const LARGEST_CONFIG = 1_048_576;

/** A connection URL with every parameter libpq knows fits many times over. */
const LARGEST_SECRET = 65_536;

/** The text of a configuration file of so many bytes at most, without byte order mark. Fails with config.invalid, naming the file as `label`. */
export async function readConfigFile(file: string, label: string, largest = LARGEST_CONFIG): Promise<string> {
  const bytes = await readSmallFile(file, label, largest, () => {});
  return decode(bytes, label);
}

/**
 * The text of a secret file without its last newline. Fails with secret.exposed when its mode is above 0600 (the rule libpq has
 * for .pgpass: nothing for group and others), with config.invalid when it cannot be read or is empty.
 */
export async function readSecretFile(file: string, label: string, what = 'the connection URL'): Promise<string> {
  const bytes = await readSmallFile(file, label, LARGEST_SECRET, (mode) => refuseExposed(mode, file, label));
  const text = decode(bytes, label).replace(/\r?\n$/, '');
  if (text.trim() === '') fail('config.invalid', `${label} is empty`, { hint: `Write ${what} into it, on one line.` });
  if (/[\r\n]/.test(text)) {
    fail('config.invalid', `${label} holds more than one line`, { hint: 'Leave the connection URL in it and nothing else.' });
  }
  return text;
}

/** One handle for check and reading, so that the file judged is the file read. */
async function readSmallFile(file: string, label: string, limit: number, judge: (mode: number) => void): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK opening a named pipe waits for its writer, for ever.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await handle.stat();
    if (stat.isDirectory()) fail('config.invalid', `${label} is a folder, not a file`);
    if (!stat.isFile()) fail('config.invalid', `${label} is not a regular file`);
    judge(stat.mode);
    const buffer = Buffer.alloc(limit + 1);
    const length = await fill(handle, buffer);
    if (length > limit) fail('config.invalid', `${label} is larger than ${limit / 1024} kB`, { hint: 'Is it the right file?' });
    return buffer.subarray(0, length);
  } catch (error) {
    if (error instanceof Error && 'errno' in error) {
      fail('config.invalid', `cannot read ${label}: ${failureReason(error)}`, { cause: error, hint: hintFor(error) });
    }
    throw error;
  } finally {
    await handle?.close();
  }
}

async function fill(handle: FileHandle, buffer: Buffer): Promise<number> {
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === buffer.length) return length;
  }
}

function refuseExposed(mode: number, file: string, label: string): void {
  // Windows has no such mode bits; there the folder's access list protects the file.
  if (platform() === 'win32' || (mode & 0o077) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  fail('secret.exposed', `${label} holds a secret and others can reach it (mode ${octal}, at most 0600 is allowed)`, {
    hint: `Run chmod 600 ${file}, and change the password if others use this machine.`,
  });
}

function decode(bytes: Buffer, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    return fail('config.invalid', `${label} is not UTF-8 text${utf16 ? ' but UTF-16' : ''}`, {
      cause: error,
      hint: 'Save it as UTF-8.',
    });
  }
}

/** What the operating system said, in words. */
export function failureReason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such file';
    case 'ENOTDIR':
      return 'a part of its path is not a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ELOOP':
      return 'its symbolic links run in a circle';
    case 'ENAMETOOLONG':
      return 'its name is too long';
    default:
      return (error as NodeJS.ErrnoException).code ?? 'unknown reason';
  }
}

function hintFor(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'Let the user who runs dbctl read it.';
  return 'Correct its path, or create it.';
}
