import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import type { BackupFile } from '../backup/manifest.ts';
import type { Encryption } from '../codec/coding.ts';
import type { HashedColumn } from '../ledger/canonical.ts';
import { openNote, signNote } from '../signing/note.ts';
import type { Signer } from '../signing/signer.ts';
import type { ArchiveFormat } from './format.ts';

/** A column as it was when its rows were written. */
export interface ArchivedColumn {
  readonly name: string;
  /** As `create table` takes it, types of the project with their schema. */
  readonly type: string;
  /** Name of the type in pg_catalog, or of the one a domain is made of; null: it is a type of the project. */
  readonly builtIn: string | null;
  readonly notNull: boolean;
  /** `"schema"."name"`; null: the one of its type. */
  readonly collation: string | null;
}

/** What the ledger had sealed of the rows; the windows themselves stand in windows.csv. */
export interface ArchivedLedger {
  /** `schema.table` whose rows were sealed. */
  readonly table: string;
  readonly xidColumn: string;
  readonly epoch: number;
  readonly windows: number;
  /** Rows that are in a window. */
  readonly rows: number;
  /** Lists of columns that were hashed, by version. */
  readonly columns: Readonly<Record<string, readonly HashedColumn[]>>;
}

/** What an archive says of itself: docs/archive-format.md. A reader refuses keys it does not know. */
export interface ArchiveManifest {
  readonly format: 'dbctl-archive/1';
  readonly id: string;
  readonly project: string;
  readonly environment: string;
  readonly dbctl: string;
  readonly operator: string;
  /** When it was read back, compared and sealed. */
  readonly finishedAt: string;
  readonly source: {
    readonly systemIdentifier: string | null;
    readonly database: string;
    readonly serverVersion: number;
    /** The moment the rows are of, and where the log was then. */
    readonly snapshotAt: string;
    readonly snapshotLsn: string;
  };
  readonly relation: {
    readonly oid: number;
    readonly schema: string;
    readonly name: string;
    /** `schema.name` of the table it is a partition of; null: of none. */
    readonly partitionOf: string | null;
    /** `FOR VALUES …`; null: it is no partition. */
    readonly bounds: string | null;
    /** pg_total_relation_size: table, indexes and TOAST. */
    readonly hotBytes: number;
  };
  readonly columns: readonly ArchivedColumn[];
  /** Columns the rows are ordered by; empty: by the text of the whole row. */
  readonly order: readonly string[];
  readonly rows: number;
  /** Least and greatest value of a column that tells when; null: there is none. */
  readonly time: { readonly column: string; readonly least: string | null; readonly greatest: string | null } | null;
  /** Sum of hashtextextended over the text of each row, which knows no order. */
  readonly rowHash: string;
  readonly data: {
    readonly format: ArchiveFormat;
    readonly path: string;
    /** What the server wrote: for csv.gz the file itself once unpacked, for parquet the same rows in the text format of COPY. */
    readonly text: { readonly sha256: string; readonly bytes: number };
  };
  /** Null: everybody who can read the files can read the rows. */
  readonly encryption: Encryption | null;
  /** Every file but the manifest, its seal and the wrapped key, as it is stored. */
  readonly files: readonly BackupFile[];
  readonly ledger: ArchivedLedger | null;
  /** Until when the project means to keep it; null: nothing was said. */
  readonly retainUntil: string | null;
}

/** In the order they are written. */
const KEYS: readonly (keyof ArchiveManifest)[] = [
  'format',
  'id',
  'project',
  'environment',
  'dbctl',
  'operator',
  'finishedAt',
  'source',
  'relation',
  'columns',
  'order',
  'rows',
  'time',
  'rowHash',
  'data',
  'encryption',
  'files',
  'ledger',
  'retainUntil',
];

export const archiveText = (manifest: ArchiveManifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

const FORMAT = 'dbctl-archive/1';

/** The signed note beside the manifest. */
export const sealArchive = (id: string, text: string, signer: Signer): Promise<string> => signNote(sealText(id, text), signer);

const sealText = (id: string, text: string): string =>
  `${FORMAT}\n${id}\nmanifest ${createHash('sha256').update(text).digest('hex')}\n`;

/**
 * The manifest, once its seal is good. Fails with refused: nobody known signed it, it was changed since, is another archive's, or is of a format
 * this dbctl does not know.
 */
export function openArchive(id: string, text: string, seal: string, publicKeys: readonly string[]): ArchiveManifest {
  const { text: signed } = openNote(seal, publicKeys);
  if (signed !== sealText(id, text))
    fail('refused', `the manifest of ${id} is not the one that was signed`, {
      hint: 'Take another copy of the archive, and find out who changed this one.',
    });
  const manifest = JSON.parse(text) as ArchiveManifest;
  const unknown = Object.keys(manifest).filter((key) => !(KEYS as readonly string[]).includes(key));
  const format = (manifest as { format: unknown }).format;
  if (format === FORMAT && unknown.length === 0) return manifest;
  const what = format === FORMAT ? `has ${unknown.join(', ')}` : `is of format ${JSON.stringify(format)}`;
  return fail('refused', `${id} ${what}, which this dbctl does not read`, { hint: 'Update dbctl.' });
}
