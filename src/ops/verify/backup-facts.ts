import { problemOf } from '../backup/chain.ts';
import type { KnownBackup } from '../backup/verify.ts';
import type { DrillReport } from '../drill/report.ts';
import type { Fact } from './facts.ts';

/** A repository as it answered, or why it did not. */
export type SeenRepository =
  | { readonly name: string; readonly known: readonly KnownBackup[]; readonly drills: readonly DrillReport[] }
  | { readonly name: string; readonly problem: string };

export interface BackupRules {
  readonly environment: string;
  readonly maxAgeMs: number;
  readonly drillDays: number;
}

const FIX = 'dbctl backup status';

/** Every backup of the environment that can be trusted, with those it was made on; a manifest that could not be read makes all unknown. Pure. */
export function backupsFact(repositories: readonly SeenRepository[], { environment, maxAgeMs }: BackupRules): Fact {
  const unread = repositories.flatMap((one) =>
    'problem' in one
      ? [`${one.name}: ${one.problem}`]
      : one.known.flatMap((known) => (known.state === 'unread' ? [`${one.name}: ${known.id}: ${known.problem}`] : [])),
  );
  if (unread.length > 0) return { kind: 'unseen', reason: unread.join('; '), fix: FIX };
  const backups = repositories.flatMap((one) =>
    'known' in one
      ? one.known.flatMap((known) =>
          known.state === 'sealed' && known.manifest.environment === environment && problemOf(known, one.known) === null
            ? [
                {
                  repository: one.name,
                  id: known.id,
                  // A backup of the server has every database.
                  database: known.manifest.type === 'physical' ? null : known.manifest.source.database,
                  at: known.manifest.snapshotAt,
                },
              ]
            : [],
        )
      : [],
  );
  return {
    kind: 'seen',
    value: { environment, max_age_seconds: maxAgeMs / 1000, repositories: repositories.map(({ name }) => name), backups },
  };
}

/** Every drill whose report is as it was signed. Pure. */
export function drillsFact(repositories: readonly SeenRepository[], { drillDays }: BackupRules): Fact {
  const silent = repositories.flatMap((one) => ('problem' in one ? [`${one.name}: ${one.problem}`] : []));
  if (silent.length > 0) return { kind: 'unseen', reason: silent.join('; '), fix: FIX };
  const drills = repositories.flatMap((one) =>
    'drills' in one ? one.drills.map(({ id, at, ok, backup }) => ({ repository: one.name, id, at, ok, backup: backup.id })) : [],
  );
  return { kind: 'seen', value: { drill_days: drillDays, drills } };
}
