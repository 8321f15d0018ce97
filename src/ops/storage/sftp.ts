import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError, type ErrorCode } from '../../core/errors.ts';
import { withSource } from './content.ts';
import { checkKey, checkPrefix, inOrder, isTemporary, LEFT_AFTER_MS, temporaryName } from './key.ts';
import { UNWATCHED } from './pace.ts';
import { connect, ConnectionLost, isNotThere, SftpRefusal, type SftpConnection, type SftpProgram } from './sftp/connection.ts';
import {
  makeFolders,
  nameNew,
  readFolder,
  removeEmptyFolder,
  removeFile,
  replaceFile,
  syncFolder,
  type Entry,
} from './sftp/files.ts';
import { STATUS } from './sftp/packet.ts';
import { readRemote } from './sftp/read.ts';
import { isFinal, sshArguments, sshEnvironment, sshHint, sshWords, type SshAddress } from './sftp/ssh.ts';
import { fillFile } from './sftp/write.ts';
import type { Content, Storage, StoredFile, Transfer } from './storage.ts';

export interface SftpSettings extends SshAddress {
  /** The folder there; relative to where a login begins. */
  readonly path: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  /** Instead of ssh; tests talk to a server without a network. */
  readonly program?: SftpProgram;
}

const SILENCE_MS = 60_000;

/** A lost connection is made again this often, with a pause that doubles. */
const TRIES = 3;
const PAUSE_MS = 500;

/**
 * A folder of another machine, over the ssh client and its file transfer subsystem: keys, agents, jump hosts and names are those of ssh.
 * A file is written under another name beside its place, brought to the disk, and then named.
 */
export function sftpStorage(settings: SftpSettings): Storage {
  const root = settings.path.replace(/(?<=.)\/+$/, '');
  const { signal } = settings;
  const place = `sftp://${settings.user === null ? '' : `${settings.user}@`}${settings.host}${settings.port === null ? '' : `:${settings.port}`}/${root.replace(/^\//, '')}`;
  const program = settings.program ?? {
    file: 'ssh',
    args: sshArguments(settings),
    environment: sshEnvironment(settings.variables),
    silenceMs: SILENCE_MS,
  };
  const pathOf = (key: string): string => {
    checkKey(place, key);
    return posix.join(root, key);
  };
  const folderOf = (prefix: string): string => {
    checkPrefix(place, prefix);
    return posix.join(root, prefix).replace(/(?<=.)\/$/, '');
  };
  let current: Promise<SftpConnection> | undefined;
  let opened: SftpConnection | undefined;

  /** The connection all share; a new one where it was lost. */
  function connection(): Promise<SftpConnection> {
    if (opened?.lost() === true) [current, opened] = [undefined, undefined];
    current ??= connect(program).then(
      (made) => {
        signal.addEventListener('abort', () => void made.close(), { once: true });
        return (opened = made);
      },
      (thrown: unknown) => {
        current = undefined;
        throw thrown;
      },
    );
    return current;
  }

  const failure = (what: string, words: string, cause: unknown, hint?: string, code: ErrorCode = 'storage.failed') =>
    new DbctlError(code, `${place}${what === '' ? '' : `/${what}`}: ${words}`, {
      hint: hint ?? 'Look at the folder there, its disk and its rights.',
      cause,
    });

  function told(what: string, thrown: unknown, stop: AbortSignal): unknown {
    if (stop.aborted) return stop.reason;
    if (signal.aborted) return signal.reason;
    if (thrown instanceof ConnectionLost) {
      const words = thrown.said.trim() === '' ? thrown.message : sshWords(thrown.said);
      return failure(what, words, thrown, sshHint(`${thrown.said}\n${thrown.message}`));
    }
    return thrown instanceof SftpRefusal ? failure(what, wordsOf(thrown), thrown) : thrown;
  }

  /** Asks, once more on a new connection where the last one was lost. */
  async function asked<T>(
    what: string,
    stop: AbortSignal,
    use: (connection: SftpConnection) => Promise<T>,
    tries = TRIES,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await use(await connection());
      } catch (thrown) {
        const again =
          thrown instanceof ConnectionLost && !isFinal(thrown.said) && attempt < tries && !stop.aborted && !signal.aborted;
        if (!again) throw told(what, thrown, stop);
        await sleep(PAUSE_MS * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  }
  const never = UNWATCHED.signal;

  async function writeVia<T>(
    key: string,
    content: Content,
    transfer: Transfer,
    tries: number,
    name: (open: SftpConnection, from: string, to: string) => Promise<T>,
  ) {
    const path = pathOf(key);
    const folder = posix.dirname(path);
    return withSource(content, (source) =>
      asked(
        key,
        transfer.signal,
        async (open) => {
          let counted = 0;
          const onBytes = (bytes: number) => {
            counted += bytes;
            transfer.onBytes(bytes);
          };
          const temporary = posix.join(folder, temporaryName());
          await makeFolders(open, folder);
          try {
            await fillFile(open, temporary, source, { ...transfer, onBytes });
            const named = await name(open, temporary, path);
            await syncFolder(open, folder);
            return named;
          } catch (thrown) {
            transfer.onBytes(-counted);
            throw thrown;
          } finally {
            await removeFile(open, temporary).catch(() => {});
          }
        },
        tries,
      ),
    );
  }

  return {
    place,
    folder: null,
    list: (prefix) => asked(prefix, never, (open) => listBelow(open, folderOf(prefix), prefix)),
    names: (prefix) =>
      asked(prefix, never, async (open) => {
        const entries = (await readFolder(open, folderOf(prefix))) ?? [];
        return entries
          .filter(({ name }) => !isTemporary(name))
          .map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))
          .toSorted(inOrder);
      }),
    read: (key) => {
      const reading = {
        connection,
        path: pathOf(key),
        signal,
        failure: (words: string, cause: unknown, code?: ErrorCode) => failure(key, words, cause, undefined, code),
      };
      return asked(key, never, () => readRemote(reading));
    },
    write: (key, content, transfer = UNWATCHED) => writeVia(key, content, transfer, TRIES, replaceFile),
    // Not tried again: whether the first try got through cannot be told from the answer to the second.
    create: (key, content) => writeVia(key, content, UNWATCHED, 1, nameNew),
    remove: (keys) => asked('', never, (open) => removeAll(open, root, keys.map(pathOf), settings.clock())),
    leftBehind: (prefix, now, act) => asked(prefix, never, (open) => leftBelow(open, folderOf(prefix), prefix, { now, act })),
    close: async () => (await current?.catch(() => undefined))?.close(),
  };
}

async function listBelow(open: SftpConnection, folder: string, prefix: string): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for (const { name, kind, bytes } of (await readFolder(open, folder)) ?? []) {
    const key = `${prefix}${name}`;
    if (kind === 'folder') found.push(...(await listBelow(open, posix.join(folder, name), `${key}/`)));
    // A link or a pipe is not followed: what it leads to is not in this storage.
    else if (!isTemporary(name)) found.push({ key, bytes: kind === 'other' ? -1 : bytes });
  }
  return found.toSorted((a, b) => inOrder(a.key, b.key));
}

/** Folders that are empty then go with the files, and so do temporary files a killed run left in them. */
async function removeAll(open: SftpConnection, root: string, paths: readonly string[], now: Date): Promise<void> {
  for (const path of paths) await removeFile(open, path);
  const folders = new Set(paths.map((path) => posix.dirname(path)));
  for (const start of [...folders].toSorted((a, b) => b.length - a.length)) {
    await removeLeft(open, start, now);
    for (let folder = start; folder !== root && folder.length > root.length; folder = posix.dirname(folder)) {
      if (!(await removeEmptyFolder(open, folder))) break;
    }
  }
}

async function removeLeft(open: SftpConnection, folder: string, now: Date): Promise<void> {
  for (const entry of (await readFolder(open, folder)) ?? [])
    if (wasLeft(entry, now)) await removeFile(open, posix.join(folder, entry.name));
}

const wasLeft = ({ name, modified }: Entry, now: Date): boolean =>
  isTemporary(name) && now.getTime() - modified * 1_000 > LEFT_AFTER_MS;

async function leftBelow(
  open: SftpConnection,
  folder: string,
  prefix: string,
  how: { readonly now: Date; readonly act: 'list' | 'remove' },
): Promise<StoredFile[]> {
  const left: StoredFile[] = [];
  for (const entry of (await readFolder(open, folder)) ?? []) {
    const [path, key] = [posix.join(folder, entry.name), `${prefix}${entry.name}`];
    if (entry.kind === 'folder') left.push(...(await leftBelow(open, path, `${key}/`, how)));
    else if (wasLeft(entry, how.now)) {
      left.push({ key, bytes: entry.bytes });
      if (how.act === 'remove') await removeFile(open, path);
    }
  }
  return left.toSorted((a, b) => inOrder(a.key, b.key));
}

/** A server of version 3 has few words: a full disk is a «Failure». */
function wordsOf(refusal: SftpRefusal): string {
  if (isNotThere(refusal)) return 'it is not there';
  if (refusal.status === STATUS.denied) return 'permission denied';
  return refusal.status === STATUS.failure
    ? 'the other machine could not do it, and says no more: a full disk is told like this, too'
    : refusal.message;
}
