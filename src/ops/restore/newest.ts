import { fail } from '../../core/errors.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { KnownBackup } from '../backup/verify.ts';

/** What is restored where nobody named a backup by its id. */
export interface NewestWish {
  /** Null: of either type. */
  readonly type: Manifest['type'] | null;
  /** Where the repository has dumps of several databases: of the one of this name; null: of any. */
  readonly database: string | null;
  /** The environment the backup has to be of; undefined: `environment`, where several have one. */
  readonly of: string | undefined;
  /** That of `--env`. */
  readonly environment: string;
}

/**
 * The newest sealed backup of the one source that is meant; null: there is none of that type. A repository is shared, by production and staging
 * as a rule, whose databases have one name; so it is never the newest of whatever there is. Pure.
 * Fails with refused, naming the newest of each, where it is not clear which is meant.
 */
export function newestBackup(repository: string, known: readonly KnownBackup[], wish: NewestWish): Manifest | null {
  const sealed = known.flatMap((one) => (one.state === 'sealed' ? [one.manifest] : []));
  const ofType = sealed.filter(({ type }) => wish.type === null || type === wish.type);
  const ofDatabase = wish.database === null ? ofType : sameDatabase(repository, ofType, wish.database);
  const environment = environmentMeant(repository, ofDatabase, wish);
  const own = ofDatabase.filter((one) => one.environment === environment);
  requireOneServer(repository, own);
  return own.at(-1) ?? null;
}

/** The environment whose backups are meant; null: there are no backups. Fails as {@link newestBackup} does. Pure. */
export function environmentMeant(
  repository: string,
  manifests: readonly Manifest[],
  { of, environment }: Pick<NewestWish, 'of' | 'environment'>,
): string | null {
  const there = new Set(manifests.map((one) => one.environment));
  const [only] = there;
  if (only === undefined) return null;
  if (of === undefined && there.size === 1) return only;
  const meant = of ?? environment;
  if (there.has(meant)) return meant;
  return fail('refused', `${repository} has backups of ${newestOfEach(manifests)}, and none of ${meant}`, {
    hint: of === undefined ? `Say which: --of ${only}, or the ID of one.` : 'dbctl backup list shows what is there.',
  });
}

/** Fails with refused where there are dumps of several databases, and none of this one. */
function sameDatabase(repository: string, dumps: readonly Manifest[], database: string): readonly Manifest[] {
  const names = [...new Set(dumps.map(({ source }) => source.database))].toSorted();
  if (names.length <= 1) return dumps;
  const own = dumps.filter(({ source }) => source.database === database);
  if (own.length > 0) return own;
  return fail('refused', `${repository} has backups of ${names.join(', ')}, and none of ${database}`, {
    hint: 'Say which one: dbctl restore ID, with an ID of dbctl backup list.',
  });
}

/**
 * A server that took the place of another one begins where that one ends, and its backups are the newer ones. Two that were backed up in turns
 * stand beside each other, under one name.
 */
function requireOneServer(repository: string, manifests: readonly Manifest[]): void {
  const spans = [...serversOf(manifests)].map(([server, own]) => ({
    server,
    newest: own.at(-1)?.id ?? '',
    from: own.map(({ snapshotAt }) => snapshotAt).toSorted()[0] ?? '',
    to:
      own
        .map(({ snapshotAt }) => snapshotAt)
        .toSorted()
        .at(-1) ?? '',
  }));
  const beside = spans.find((one) => spans.some((other) => other !== one && other.from <= one.to && one.from <= other.to));
  if (beside === undefined) return;
  const listed = spans.map(({ server, newest }) => `server ${server} (newest: ${newest})`).join(', ');
  fail('refused', `${repository} has backups of ${spans.length} servers under one name: ${listed}`, {
    hint: 'Say which one: dbctl restore ID, with an ID of dbctl backup list.',
  });
}

/** By system identifier; those that do not say it are of any. */
function serversOf(manifests: readonly Manifest[]): ReadonlyMap<string, readonly Manifest[]> {
  const servers = new Map<string, Manifest[]>();
  for (const one of manifests) {
    const { systemIdentifier } = one.source;
    if (systemIdentifier !== null) servers.set(systemIdentifier, [...(servers.get(systemIdentifier) ?? []), one]);
  }
  return servers;
}

/** `prod (newest: lab-2026…), staging (newest: lab-2026…)`. */
function newestOfEach(manifests: readonly Manifest[]): string {
  const newest = new Map(manifests.map(({ environment, id }) => [environment, id]));
  return [...newest]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([environment, id]) => `${environment} (newest: ${id})`)
    .join(', ');
}
