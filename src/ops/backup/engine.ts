import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { Coding } from '../codec/coding.ts';
import { findPrograms, requireProgram, type ToolPlaces } from '../tools/find.ts';
import { nativeEngine } from './engine-native.ts';
import { toolsEngine } from './engine-tools.ts';
import type { BackupFile } from './manifest.ts';

/** What a base backup is taken with. `auto`: pg_basebackup where it is found and files stay as they come, else dbctl itself. */
export type EngineChoice = 'auto' | 'native' | 'tools';

export interface EngineRequest {
  readonly target: ConnectionTarget;
  /** The host of the target a session of ours is on. */
  readonly at: { readonly host: string; readonly port: number };
  /** The folder of the backup; base.tar, an archive of each tablespace and backup_manifest come into a folder of it. */
  readonly making: string;
  /** How they are compressed and encrypted. */
  readonly coding: Coding;
  /** Folder of this machine for what a program writes before it is encrypted, and how much that will be. */
  readonly plain: string;
  readonly sizeBytes: number;
  readonly label: string;
  /** Path of the backup_manifest of the backup before, of which only changes are wanted; null: everything. */
  readonly incrementalTo: string | null;
  /** Called with the number of bytes written since the last call. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Both write the same format, that of `pg_basebackup --format=tar`, with the WAL to start from. */
export interface BaseBackupEngine {
  readonly name: 'native' | 'tools';
  /** Version of each program that takes part. */
  readonly programs: Readonly<Record<string, string>>;
  /**
   * Takes a base backup and returns its files, hashed, with paths relative to the folder of the backup. On failure what it leaves in the folder is of no
   * use; nothing writes there any more. Fails with db.denied, db.unreachable, sql.failed or backup.failed.
   */
  take(request: EngineRequest): Promise<BackupFile[]>;
}

/** Fails with refused where `tools` is asked for and pg_basebackup is not there. */
export async function chooseEngine(choice: EngineChoice, tools: ToolPlaces, major: number): Promise<BaseBackupEngine> {
  if (choice === 'native') return nativeEngine;
  if (choice === 'tools') return toolsEngine(await requireProgram('pg_basebackup', tools, major));
  // dbctl itself needs no container: one is used where it is asked for.
  const { container: _, ...here } = tools;
  const [found] = await findPrograms(here, major, ['pg_basebackup']);
  return found?.taken === null || found === undefined ? nativeEngine : toolsEngine(found.taken);
}
