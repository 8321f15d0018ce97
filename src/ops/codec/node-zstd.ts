import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** What Node.js has from 22.15 on; the types are of 20. */
interface ZstdOfNode {
  readonly createZstdCompress?: (options: { chunkSize: number; params: Readonly<Record<number, number>> }) => Transform;
  readonly createZstdDecompress?: (options: { chunkSize: number }) => Transform;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number; readonly ZSTD_c_checksumFlag?: number };
}

const node = zlib as unknown as ZstdOfNode;

/** The default of 64 KiB costs a tenth of the speed. */
const CHUNK = 256 * 1024;

export const nodeHasZstd = node.createZstdCompress !== undefined;

/** Without the flag Node.js writes no checksum, and a flipped bit may come back as another row. */
export function zstdCompress(level: number): Transform {
  const { ZSTD_c_compressionLevel: levelKey, ZSTD_c_checksumFlag: checksumKey } = node.constants;
  if (node.createZstdCompress === undefined || levelKey === undefined || checksumKey === undefined) return absent();
  return node.createZstdCompress({ chunkSize: CHUNK, params: { [levelKey]: level, [checksumKey]: 1 } });
}

/** To be fed through {@link file://./zstd-frame.ts}: alone it ends without an error where its input is cut short (seen in 22.23). */
export const zstdDecompress = (): Transform => node.createZstdDecompress?.({ chunkSize: CHUNK }) ?? absent();

function absent(): never {
  throw new Error('this Node.js has no zstd');
}
