import { open } from 'node:fs/promises';
import { fail } from '../../core/errors.ts';
import type { Content } from './storage.ts';

/** Content that can be read at any place, which a resumed or repeated transfer does. */
export interface Source {
  readonly bytes: number;
  /** Exactly so many bytes. Fails with storage.failed when the file has become shorter. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Opens content for the time of `use`. */
export async function withSource<T>(content: Content, use: (source: Source) => Promise<T>): Promise<T> {
  if (Buffer.isBuffer(content)) {
    return use({ bytes: content.length, read: (offset, length) => Promise.resolve(content.subarray(offset, offset + length)) });
  }
  const { path } = content;
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await use({ bytes: size, read: (offset, length) => readExactly(offset, length) });
  } finally {
    await file.close();
  }

  async function readExactly(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0)
        fail('storage.failed', `${path} became shorter while it was stored`, { hint: 'Something else writes to it.' });
      filled += bytesRead;
    }
    return buffer;
  }
}
