import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';

const PIECE = 1 << 20;

interface Owner {
  readonly memory: Buffer;
  readonly free: Buffer[];
}

const owners = new WeakMap<Uint8Array, Owner>();

/**
 * Reads a file from where the handle stands, and closes it. What is given back is read into again; otherwise it goes as any other memory, which is
 * late: V8 looks for what is free once 32 MB of it have gathered (2 · kMaxSemiSpaceSize of ArrayBuffers), whatever else there is to do.
 */
export function recycledRead(handle: FileHandle): Readable {
  const free: Buffer[] = [];
  return new Readable({
    highWaterMark: PIECE,
    read() {
      const memory = free.pop() ?? Buffer.allocUnsafeSlow(PIECE);
      handle.read(memory, 0, PIECE, null).then(
        ({ bytesRead }) => this.push(bytesRead === 0 ? null : owned(memory.subarray(0, bytesRead), { memory, free })),
        (thrown: Error) => this.destroy(thrown),
      );
    },
    destroy(error, done) {
      callbackify(() => handle.close())((failed) => done(error ?? failed));
    },
  });
}

function owned(piece: Buffer, owner: Owner): Buffer {
  owners.set(piece, owner);
  return piece;
}

/** Nobody has the piece any more but the caller, who is done with it. Of memory that is not of {@link recycledRead} nothing happens. */
export function giveBack(piece: Uint8Array): void {
  const owner = owners.get(piece);
  owners.delete(piece);
  owner?.free.push(owner.memory);
}
