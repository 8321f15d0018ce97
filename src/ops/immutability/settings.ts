import type { Config } from '../../config/config.ts';
import type { UnsafeShape } from '../../config/immutability.ts';
import { splitName } from '../../db/ident.ts';

export interface ProtectedTable {
  readonly schema: string;
  readonly name: string;
  /** Columns nobody is granted insert on. */
  readonly generated: readonly string[];
  readonly accept: readonly UnsafeShape[];
  /** SQL that inserts one valid row; null where the project gives none. */
  readonly probe: string | null;
}

/** The part of dbctl.yaml about append-only tables, in the words of the database. */
export interface ImmutabilitySettings {
  readonly owner: string;
  readonly runbook: string;
  readonly partitionCreators: readonly string[];
  readonly unlockers: readonly string[];
  readonly archivers: readonly string[];
  readonly archiveVerifiers: readonly string[];
  readonly tables: readonly ProtectedTable[];
}

export function immutabilitySettings({ immutability }: Pick<Config, 'immutability'>): ImmutabilitySettings {
  return {
    owner: immutability.owner,
    runbook: immutability.runbook,
    partitionCreators: immutability.partition_creators,
    unlockers: immutability.unlockers,
    archivers: immutability.archivers,
    archiveVerifiers: immutability.archive_verifiers,
    tables: immutability.tables.map(({ table, generated, accept, probe }) => ({
      ...splitName(table),
      generated,
      accept: accept as readonly UnsafeShape[],
      probe: probe ?? null,
    })),
  };
}
