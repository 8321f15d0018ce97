import { posix } from 'node:path';
import { temporaryName } from '../key.ts';
import { isNotThere, SftpRefusal, type SftpConnection, extended } from './connection.ts';
import { long, mode, number, STATUS, text, TYPE, type Attributes } from './packet.ts';

/** Flags of an open. */
const [READ, WRITE, CREATE, EXCLUSIVE] = [1, 2, 8, 32];

/** What every server takes and gives at once. */
export const CHUNK = 32_768;

/** Requests under way at the same time: 2 MiB, which fills 100 MB/s at 20 ms of round trip. */
export const WINDOW = 64;

const NOTHING = number(0);

export async function openForReading(connection: SftpConnection, path: string): Promise<Buffer> {
  return handleOf(connection, TYPE.open, [text(path), number(READ), NOTHING]);
}

/** A new file of mode 0600. */
export async function openNew(connection: SftpConnection, path: string): Promise<Buffer> {
  return handleOf(connection, TYPE.open, [text(path), number(WRITE | CREATE | EXCLUSIVE), mode(0o600)]);
}

async function handleOf(connection: SftpConnection, type: number, body: readonly Buffer[]): Promise<Buffer> {
  return (await connection.ask(type, body, TYPE.handle)).bytes();
}

const done = async (connection: SftpConnection, type: number, body: readonly Buffer[]): Promise<void> =>
  void (await connection.ask(type, body, TYPE.status));

export const closeHandle = (connection: SftpConnection, handle: Buffer): Promise<void> =>
  done(connection, TYPE.close, [text(handle)]);

export const attributesOf = async (connection: SftpConnection, handle: Buffer): Promise<Attributes> =>
  (await connection.ask(TYPE.fstat, [text(handle)], TYPE.attributes)).attributes();

/** Null: nothing is there. A link is not followed. */
export const attributesAt = (connection: SftpConnection, path: string): Promise<Attributes | null> =>
  connection.ask(TYPE.lstat, [text(path)], TYPE.attributes).then((reader) => reader.attributes(), nullWhereNone);

export const nullWhereNone = (thrown: unknown): null => {
  if (isNotThere(thrown)) return null;
  throw thrown;
};

/** At most so many bytes from there; null: the file ends there. */
export const readAt = (connection: SftpConnection, handle: Buffer, offset: number, bytes: number): Promise<Buffer | null> =>
  connection.ask(TYPE.read, [text(handle), long(offset), number(bytes)], TYPE.data).then(
    (reader) => reader.bytes(),
    (thrown: unknown) => {
      if (thrown instanceof SftpRefusal && thrown.status === STATUS.end) return null;
      throw thrown;
    },
  );

export const writeAt = (connection: SftpConnection, handle: Buffer, offset: number, bytes: Buffer): Promise<void> =>
  done(connection, TYPE.write, [text(handle), long(offset), text(bytes)]);

/** On the disk of the other machine, where its server offers that. */
export async function syncHandle(connection: SftpConnection, handle: Buffer): Promise<void> {
  if (!connection.extensions.has('fsync@openssh.com')) return;
  await done(connection, TYPE.extended, extended('fsync@openssh.com', text(handle)));
}

/** The name of a new file is on the disk when its folder is; servers that do not open folders keep it as they do. */
export async function syncFolder(connection: SftpConnection, path: string): Promise<void> {
  const handle = await openForReading(connection, path).catch((thrown: unknown) => {
    if (thrown instanceof SftpRefusal) return null;
    throw thrown;
  });
  if (handle === null) return;
  await syncHandle(connection, handle).catch((thrown: unknown) => {
    if (!(thrown instanceof SftpRefusal)) throw thrown;
  });
  await closeHandle(connection, handle);
}

/** Puts a file in the place of another, at once. */
export async function replaceFile(connection: SftpConnection, from: string, to: string): Promise<void> {
  if (connection.extensions.has('posix-rename@openssh.com'))
    return done(connection, TYPE.extended, extended('posix-rename@openssh.com', text(from), text(to)));
  await rename(connection, from, to).catch(async (thrown: unknown) => {
    if (!(thrown instanceof SftpRefusal) || (await attributesAt(connection, to)) === null) throw thrown;
    await replaceBySteps(connection, from, to);
  });
}

const rename = (connection: SftpConnection, from: string, to: string): Promise<void> =>
  done(connection, TYPE.rename, [text(from), text(to)]);

/** A rename of version 3 does not replace: for a moment there is none of that name. The old one goes when the new one has it, and else comes back. */
async function replaceBySteps(connection: SftpConnection, from: string, to: string): Promise<void> {
  const aside = posix.join(posix.dirname(to), temporaryName());
  await rename(connection, to, aside);
  try {
    await rename(connection, from, to);
  } catch (thrown) {
    await rename(connection, aside, to).catch(() => undefined);
    throw thrown;
  }
  await removeFile(connection, aside);
}

/** Gives a file a second name, or its only new one, where nothing has that name. False: something has. */
export async function nameNew(connection: SftpConnection, from: string, to: string): Promise<boolean> {
  const body = [text(from), text(to)];
  const named = connection.extensions.has('hardlink@openssh.com')
    ? done(connection, TYPE.extended, extended('hardlink@openssh.com', ...body))
    : rename(connection, from, to);
  return named.then(
    () => true,
    async (thrown: unknown) => {
      // The protocol has no status for a taken name.
      if (thrown instanceof SftpRefusal && (await attributesAt(connection, to)) !== null) return false;
      throw thrown;
    },
  );
}

export const removeFile = (connection: SftpConnection, path: string): Promise<void> =>
  done(connection, TYPE.remove, [text(path)]).catch((thrown: unknown) => void nullWhereNone(thrown));

/** Removes a folder if it is empty, which is all the protocol does. True: it is gone. */
export const removeEmptyFolder = (connection: SftpConnection, path: string): Promise<boolean> =>
  done(connection, TYPE.rmdir, [text(path)]).then(
    () => true,
    (thrown: unknown) => {
      if (thrown instanceof SftpRefusal) return false;
      throw thrown;
    },
  );

/** Makes a folder of mode 0700 and those above it. One that is there is no error. */
export async function makeFolders(connection: SftpConnection, path: string): Promise<void> {
  const there = await attributesAt(connection, path);
  if (there !== null || path === '' || path === '/' || path === '.') return;
  await makeFolders(connection, path.replace(/\/?[^/]*$/, ''));
  await done(connection, TYPE.mkdir, [text(path), mode(0o700)]).catch(async (thrown: unknown) => {
    // Another run may have been quicker.
    if (!(thrown instanceof SftpRefusal) || (await attributesAt(connection, path)) === null) throw thrown;
  });
}

export interface Entry extends Attributes {
  readonly name: string;
}

/** What a folder holds, in no order; null: there is no such folder. */
export async function readFolder(connection: SftpConnection, path: string): Promise<Entry[] | null> {
  const handle = await handleOf(connection, TYPE.opendir, [text(path)]).catch(nullWhereNone);
  if (handle === null) return null;
  const found: Entry[] = [];
  for (;;) {
    const page = await connection.ask(TYPE.readdir, [text(handle)], TYPE.name).catch((thrown: unknown) => {
      if (thrown instanceof SftpRefusal && thrown.status === STATUS.end) return null;
      throw thrown;
    });
    if (page === null) break;
    for (let left = page.number(); left > 0; left -= 1) {
      const name = page.text();
      page.bytes();
      found.push({ name, ...page.attributes() });
    }
  }
  await closeHandle(connection, handle);
  return found.filter(({ name }) => name !== '.' && name !== '..');
}
