import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { fail } from '../core/errors.ts';
import type { SessionOptions } from '../db/session.ts';
import type { ParquetWriter } from '../ops/archive/duckdb-module.ts';
import type { ArchiveFormat } from '../ops/archive/format.ts';
import type { KnownArchive } from '../ops/archive/store.ts';
import type { ArchiveManifest } from '../ops/archive/manifest.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { Codec } from '../ops/codec/codec.ts';
import type { KeyPlace, Signer } from '../ops/signing/signer.ts';
import type { Context } from './context.ts';
import { projectKeys } from './signing-context.ts';

/** What commands about archives work with. */
export interface Archives {
  readonly config: Config;
  readonly destination: Repository;
  readonly publicKeys: readonly string[];
  /** Fails with config.invalid where dbctl.yaml names no key, with refused where it cannot be used. */
  signer(): Promise<Signer>;
  /** Who writes Parquet, if that is the format. Fails with refused where it is not installed. */
  parquetWriter(format: ArchiveFormat): Promise<ParquetWriter>;
}

/** `name` is the destination's; default: the first. Fails with config.invalid or usage where there is none. */
export async function openArchives(context: Context, name: string | undefined, identity?: string): Promise<Archives> {
  const { config, folder } = await context.config();
  const { destinations } = config.archive;
  if (destinations.length === 0)
    fail('config.invalid', 'dbctl.yaml names no destination for archives', {
      hint: 'Add one: archive: {destinations: [{name: cold, type: folder, path: /srv/archive}]}.',
    });
  const found = name === undefined ? destinations[0] : destinations.find((one) => one.name === name);
  if (found === undefined)
    return fail('usage', `there is no destination ${name}`, {
      hint: `dbctl.yaml has ${destinations.map((one) => one.name).join(', ')}.`,
    });
  const { openRepository } = await import('../ops/storage/open.ts');
  const codec = await archiveCodec(context, identity);
  const destination = await openRepository(found, { ...context, folder }, () => codec);
  context.atEnd(() => destination.storage.close());
  const parquetWriter = async (format: ArchiveFormat): Promise<ParquetWriter> =>
    format === 'parquet' && config.archive.parquet_writer === 'duckdb'
      ? (await import('../ops/archive/duckdb-module.ts')).findDuckdb(folder)
      : 'built-in';
  return { config, destination, parquetWriter, ...(await projectKeys(context, { what: 'archives', key: 'backup.signer' })) };
}

async function archiveCodec(context: Context, identityFile: string | undefined): Promise<Codec> {
  const [{ PLAIN }, { keyPlace }, { config, folder }] = await Promise.all([
    import('../ops/codec/codec.ts'),
    import('../ops/ledger/settings.ts'),
    context.config(),
  ]);
  const { encryption } = config.archive;
  const { variables, signal, cwd } = context;
  const configured = encryption.identity === undefined ? null : keyPlace(encryption.identity);
  const from: KeyPlace | null = identityFile === undefined ? configured : { kind: 'file', file: resolve(cwd, identityFile) };
  const open = async () => {
    if (from === null)
      return fail('refused', 'no identity to open the archive with: none is named', {
        hint: 'Give the file of one with --identity FILE, or name it in archive.encryption.identity.',
      });
    const { openIdentity } = await import('../ops/codec/identity.ts');
    return openIdentity(from, { variables, folder, signal });
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    ...PLAIN,
    recipients: encryption.recipients,
    identity: () => (opened ??= open()),
    plain: encryption.work === undefined ? PLAIN.plain : resolve(folder, encryption.work),
  };
}

/** The archive of that id. Fails with archive.failed where there is none, or its seal is broken. */
export async function chooseArchive({ destination, publicKeys }: Archives, id: string): Promise<ArchiveManifest> {
  const { knowArchive } = await import('../ops/archive/store.ts');
  const known = await knowArchive(destination, id, publicKeys);
  if (known.state === 'sealed') return known.manifest;
  return fail('archive.failed', `${id} is not to be trusted: ${known.problem}`, { hint: 'Take another copy of the archive.' });
}

/** Every archive of the destination, or the one of that id. */
export async function knownArchives({ destination, publicKeys }: Archives, id: string | undefined): Promise<KnownArchive[]> {
  const { archiveIds, knowArchive } = await import('../ops/archive/store.ts');
  const { mapAtOnce } = await import('../ops/storage/at-once.ts');
  const ids = id === undefined ? await archiveIds(destination) : [id];
  return mapAtOnce(ids, (one) => knowArchive(destination, one, publicKeys));
}

/** The session of an export or a restore: it stands for hours while files are written and fetched. */
export const ARCHIVE_SESSION = {
  access: 'write',
  applicationName: 'dbctl retention',
  statementTimeoutMs: 0,
  idleInTransactionTimeoutMs: 0,
  bulk: true,
} as const satisfies SessionOptions;

export const DESTINATION_OPTION = {
  flags: '--destination <name>',
  description: 'one of archive.destinations (default: the first)',
} as const;

export const ARCHIVE_IDENTITY_OPTION = {
  flags: '--identity <file>',
  description: 'file of mode 0600 that opens encrypted archives (default: archive.encryption.identity)',
} as const;

export const ARCHIVE_ARGUMENT = {
  name: '<archive>',
  description: 'id of an archive, as retention export and verify print it',
} as const;
