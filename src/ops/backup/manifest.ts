import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import type { Encryption } from '../codec/coding.ts';
import { openNote, signNote } from '../signing/note.ts';
import type { Signer } from '../signing/signer.ts';
import type { Fingerprint } from './fingerprint.ts';

/** A role objects of the database belong to or are granted to; without password. */
export interface RoleFact {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly memberOf: readonly string[];
}

/** Where a backup comes from, and what has to be there for it to be restored. */
export interface SourceFacts {
  readonly systemIdentifier: string | null;
  readonly database: string;
  /** As server_version_num. */
  readonly serverVersion: number;
  readonly encoding: string;
  readonly localeProvider: string;
  readonly locale: string | null;
  readonly collate: string;
  readonly ctype: string;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly roles: readonly RoleFact[];
  /** Other than pg_default that it needs; absent: the backup was made before that was written down. */
  readonly tablespaces?: readonly string[];
  readonly sizeBytes: number;
}

/** What is known of a server whose files are backed up. */
export interface ClusterFacts {
  readonly systemIdentifier: string | null;
  /** Stands where a logical backup has its database: all of them. */
  readonly database: string;
  readonly serverVersion: number;
  /** The role initdb made; it is always a superuser. */
  readonly bootstrapUser: string;
  readonly checksums: boolean;
  readonly databases: readonly string[];
  readonly sizeBytes: number;
}

export interface BackupFile {
  /** Relative to the backup's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Common {
  readonly format: 'dbctl-backup/1';
  readonly id: string;
  readonly project: string;
  readonly environment: string;
  /** The moment the data is of. */
  readonly snapshotAt: string;
  readonly finishedAt: string;
  readonly operator: string;
  readonly dbctl: string;
  /** Version of each program that took part. */
  readonly programs: Readonly<Record<string, string>>;
  /** Null: everybody who can read the files can read the rows. */
  readonly encryption: Encryption | null;
  /** Every file of the backup but the manifest, its seal and the wrapped key, as it is stored. */
  readonly files: readonly BackupFile[];
  /** The backup made before it in this repository. */
  readonly previous: BackupLink | null;
  /** Others that no manifest named when it was made, since two machines made them at the same time; absent: there were none. */
  readonly alsoBefore?: readonly BackupLink[];
}

/** Names another backup of the repository, and which bytes its manifest had. */
export interface BackupLink {
  readonly id: string;
  /** SHA-256. */
  readonly manifest: string;
}

/** A dump of one database. */
export interface LogicalManifest extends Common {
  readonly type: 'logical';
  readonly source: SourceFacts;
  readonly fingerprint: Fingerprint;
}

/** A copy of the files of a whole server, with the WAL to start from. */
export interface PhysicalManifest extends Common {
  readonly type: 'physical';
  /** Who took it: dbctl itself, or pg_basebackup. */
  readonly engine: 'native' | 'tools';
  /** The backup of which it holds only the changes, by the hash of its manifest; null: it holds everything. */
  readonly parent: BackupLink | null;
  readonly source: ClusterFacts;
  readonly startLsn: string;
  readonly endLsn: string;
  readonly timeline: number;
  readonly tablespaces: readonly { readonly oid: string; readonly path: string }[];
}

export type Manifest = LogicalManifest | PhysicalManifest;

export const MANIFEST = 'manifest.json';
export const SEAL = 'manifest.note';

export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The signed note that stands beside the manifest: which backup, and the hash of every byte of its manifest. */
export function sealOf(manifest: Manifest, signer: Signer): Promise<string> {
  return signNote(sealText(manifest.id, sha256Of(manifestText(manifest))), signer);
}

const sealText = (id: string, hash: string): string => `dbctl-backup/1\n${id}\nmanifest ${hash}\n`;

/**
 * The manifest, once its seal is good. Fails with refused: nobody known signed it, it was changed since, or it is another backup's.
 */
export function openManifest(id: string, text: string, seal: string, publicKeys: readonly string[]): Manifest {
  const { text: signed } = openNote(seal, publicKeys);
  if (signed !== sealText(id, sha256Of(text))) {
    fail('refused', `the manifest of ${id} is not the one that was signed`, {
      hint: 'Take another backup, and find out who changed this one.',
    });
  }
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== 'dbctl-backup/1') {
    fail('refused', `${id} is of format ${JSON.stringify(manifest.format)}, which this dbctl does not read`, {
      hint: 'Update dbctl.',
    });
  }
  return manifest;
}
