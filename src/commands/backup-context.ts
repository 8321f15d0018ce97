import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { fail } from '../core/errors.ts';
import type { SessionOptions } from '../db/session.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import type { Manifest, PhysicalManifest } from '../ops/backup/manifest.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { Codec } from '../ops/codec/codec.ts';
import type { KeyPlace } from '../ops/signing/signer.ts';
import type { Context } from './context.ts';
import { projectKeys, type ProjectKeys } from './signing-context.ts';

/** What every backup command works with. */
export interface Backups extends ProjectKeys {
  readonly config: Config;
  /** The one that was named, or the first of dbctl.yaml. */
  readonly repository: Repository;
  /** The one that was named, or all of dbctl.yaml. */
  readonly repositories: readonly Repository[];
  /** Says something a person should know on the way. */
  warn(message: string): void;
}

/**
 * `name` is the repository's; default: the first of dbctl.yaml. `identity` is the file of what opens encrypted backups; default: that of
 * dbctl.yaml. Fails with config.invalid or usage where there is no repository.
 */
export async function openBackups(context: Context, name: string | undefined, identity?: string): Promise<Backups> {
  const { config, folder } = await context.config();
  const { repositories } = config.backup;
  if (repositories.length === 0) {
    fail('config.invalid', 'dbctl.yaml names no repository for backups', {
      hint: 'Add one: backup: {repositories: [{name: nightly, type: folder, path: /var/backups/lab}]}.',
    });
  }
  const found = name === undefined ? repositories[0] : repositories.find((one) => one.name === name);
  if (found === undefined) {
    fail('usage', `there is no repository ${name}`, {
      hint: `dbctl.yaml has ${repositories.map((one) => one.name).join(', ')}.`,
    });
  }
  const { openRepository } = await import('../ops/storage/open.ts');
  const codecOf = await codecs(context, identity);
  const wanted = name === undefined ? repositories : [found];
  const opened = await Promise.all(wanted.map((one) => openRepository(one, { ...context, folder }, codecOf)));
  context.atEnd(async () => {
    await Promise.all(opened.map(({ storage }) => storage.close()));
  });
  return {
    config,
    repository: opened[0] ?? fail('internal', 'no repository was opened'),
    repositories: opened,
    warn: (message) => context.log.warn(message),
    ...(await projectKeys(context, { what: 'manifests', key: 'backup.signer' })),
  };
}

/** How backups are compressed and encrypted in each repository. The identity is opened when it is needed, and once. */
async function codecs(context: Context, identityFile: string | undefined): Promise<(name: string, place: string) => Codec> {
  const [{ PLAIN }, { cacheFolder }, { keyPlace }, { config, folder }, { createHash }] = await Promise.all([
    import('../ops/codec/codec.ts'),
    import('../ops/tools/cache-folder.ts'),
    import('../ops/ledger/settings.ts'),
    context.config(),
    import('node:crypto'),
  ]);
  const { encryption, compression } = config.backup;
  const { variables, home, signal, cwd } = context;
  const configured = encryption.identity === undefined ? null : keyPlace(encryption.identity);
  const from: KeyPlace | null = identityFile === undefined ? configured : { kind: 'file', file: resolve(cwd, identityFile) };
  const open = async () => {
    const { openIdentity } = await import('../ops/codec/identity.ts');
    return from === null ? PLAIN.identity() : openIdentity(from, { variables, folder, signal });
  };
  let opened: ReturnType<typeof open> | undefined;
  const identity = () => (opened ??= open());
  const memory = join(cacheFolder({ variables, home, uid: process.getuid?.() }), 'log-keys');
  return (name, place) => ({
    archives: compression,
    log: compression,
    recipients: encryption.recipients,
    identity,
    plain: encryption.work === undefined ? PLAIN.plain : resolve(folder, encryption.work),
    logKey: join(memory, `${name}-${createHash('sha256').update(place).digest('hex').slice(0, 16)}.json`),
  });
}

/** Every backup of the repository, oldest first. */
export async function knownBackups({ repository, publicKeys }: Backups): Promise<KnownBackup[]> {
  const { knowBackups } = await import('../ops/backup/verify.ts');
  return knowBackups(repository, publicKeys);
}

/** The backup of that id, or the newest sealed one for `latest`, with a warning of each newer one that is broken. Fails with backup.failed where it is not there or its seal is broken, with storage.failed where it, or a newer one, could not be read. */
export async function chooseBackup(backups: Backups, id: string): Promise<Manifest> {
  const known = await knownBackups(backups);
  const found = id === 'latest' ? known.findLast(({ state }) => state === 'sealed') : known.find((one) => one.id === id);
  if (found === undefined) {
    if (id === 'latest') (await import('../ops/backup/unread.ts')).requireRead(known, 'no other one is sealed');
    return fail(
      'backup.failed',
      id === 'latest' ? `${backups.repository.name} has no sealed backup` : `${backups.repository.name} has no backup ${id}`,
      {
        hint: 'dbctl backup list shows what is there.',
      },
    );
  }
  const { requireRead } = await import('../ops/backup/unread.ts');
  if (found.state === 'unread') requireRead([found], 'nothing was begun');
  if (found.state !== 'sealed')
    return fail('backup.failed', `${found.id} is not to be trusted: ${found.problem}`, {
      hint: 'Take another one: dbctl backup list.',
    });
  if (id === 'latest') await requireNewestKnown(backups, known, found.id);
  return found.manifest;
}

/** Warns of backups that are newer than the one that was chosen, and broken. Fails with storage.failed where one could not be read. */
export async function requireNewestKnown(backups: Backups, known: readonly KnownBackup[], id: string): Promise<void> {
  const { requireRead } = await import('../ops/backup/unread.ts');
  const newer = known.slice(known.findIndex((one) => one.id === id) + 1);
  requireRead(newer, `it is newer than ${id}: name that one to take it all the same`);
  for (const one of newer) {
    if (one.state === 'broken') backups.warn(`${one.id} is newer than ${id}, and not to be trusted: ${one.problem}`);
  }
}

/**
 * What an incremental backup is restored together with, the full one first; of any other nothing. Fails with backup.failed where one of them is
 * not there, is not to be trusted, or is not the one it was made on.
 */
export async function ancestorsOf(backups: Backups, manifest: Manifest): Promise<readonly PhysicalManifest[]> {
  const { requireChain } = await import('../ops/backup/chain.ts');
  return manifest.type === 'physical' ? requireChain(manifest, await knownBackups(backups)) : [];
}

/** What people call a size. */
export const sizeText = (bytes: number): string => {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(2)} GB`;
};

export const bytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The session of a backup: it stands for hours while programs work beside it. */
export const BACKUP_SESSION = {
  access: 'read',
  applicationName: 'dbctl backup',
  statementTimeoutMs: 0,
  idleInTransactionTimeoutMs: 0,
} as const satisfies SessionOptions;

export const REPOSITORY_OPTION = {
  flags: '--repository <name>',
  description: 'one of backup.repositories (default: the first)',
} as const;

/** Of commands that do the same in each of them. */
export const REPOSITORIES_OPTION = {
  flags: '--repository <name>',
  description: 'one of backup.repositories (default: all of them)',
} as const;

export const IDENTITY_OPTION = {
  flags: '--identity <file>',
  description: 'file of mode 0600 that opens encrypted backups (default: backup.encryption.identity)',
} as const;

/** Fails with refused where one of them is encrypted and no identity opens it: before anything is asked or touched. */
export async function requireIdentity({ repository }: Backups, ...manifests: readonly Manifest[]): Promise<void> {
  const { unlockBackup } = await import('../ops/codec/unlock.ts');
  for (const manifest of manifests) await unlockBackup(repository, manifest);
}
