import { fail } from '../../core/errors.ts';

export type Compression = 'zstd' | 'gzip' | 'none';

/** What a project asks for; auto: zstd where this machine has it, else gzip. */
export type CompressionWish = Compression | 'auto';

/** Who does zstd on this machine: Node.js from 22.15, the program, or nobody; then the line that changes it. */
export type Zstd =
  | { readonly kind: 'node' }
  | { readonly kind: 'program'; readonly path: string }
  | { readonly kind: 'none'; readonly install: string };

/** What a compressed file's name ends with. */
export const ENDING: Readonly<Record<Compression, string>> = { zstd: '.zst', gzip: '.gz', none: '' };

/** A file says by its ending what it is. */
export function compressionOf(name: string): Compression {
  if (name.endsWith(ENDING.zstd)) return 'zstd';
  return name.endsWith(ENDING.gzip) ? 'gzip' : 'none';
}

/** What new files are compressed with: `auto` is zstd where it can be had. Fails with refused where zstd is wished and cannot. */
export function chooseCompression(wish: CompressionWish, zstd: Zstd): Compression {
  if (wish === 'auto') return zstd.kind === 'none' ? 'gzip' : 'zstd';
  if (wish === 'zstd') requireZstd(zstd, 'zstd cannot be written');
  return wish;
}

/** Fails with refused, with the way out, where nobody does zstd. `what` is what then does not work. */
export function requireZstd(zstd: Zstd, what: string): Exclude<Zstd, { kind: 'none' }> {
  if (zstd.kind !== 'none') return zstd;
  return fail('refused', `${what}: this Node.js has no zstd, and there is no program of that name`, {
    hint: `Bring it: ${zstd.install}. Or take Node.js 22.15 or newer.`,
  });
}
