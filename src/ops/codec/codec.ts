import { tmpdir } from 'node:os';
import { fail } from '../../core/errors.ts';
import type { CompressionWish } from './compression.ts';
import type { Identity } from './identity.ts';

/** How what goes into a repository is compressed and encrypted, and what opens it again. */
export interface Codec {
  /** Of base backups. */
  readonly archives: CompressionWish;
  /** Of the write-ahead log. */
  readonly log: CompressionWish;
  /** Public keys of age, `age1…`; empty: nothing is encrypted. */
  readonly recipients: readonly string[];
  /** Opens the keys of what is encrypted; asked for only then, and once. Fails with refused where none is at hand. */
  readonly identity: () => Promise<Identity>;
  /** Folder of this machine for what is plain for a moment: dumps on their way into a backup, backups on their way into a server. */
  readonly plain: string;
  /** File of this machine with the public half of the key the log is encrypted to; null: each file of the log gets one of its own. */
  readonly logKey: string | null;
}

/** Nothing is encrypted, and base backups stay as they come. */
export const PLAIN: Codec = {
  archives: 'none',
  log: 'gzip',
  recipients: [],
  identity: () =>
    fail('refused', 'no identity to open the backup with: none is named', {
      hint: 'Give the file of one with --identity FILE, or name it in backup.encryption.identity.',
    }),
  plain: tmpdir(),
  logKey: null,
};
