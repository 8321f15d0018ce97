import { resolve } from 'node:path';
import type { RepositoryEntry } from '../../config/repository.ts';
import { fail } from '../../core/errors.ts';
import type { Repository } from '../backup/repository.ts';
import type { Codec } from '../codec/codec.ts';
import { folderStorage } from './folder.ts';
import { lazyStorage } from './lazy.ts';
import { rateLimited } from './pace.ts';
import { s3Place } from './s3/place.ts';
import { readSecret, type SecretSurroundings } from './secret.ts';
import type { Storage } from './storage.ts';

export interface Surroundings extends SecretSurroundings {
  readonly clock: () => Date;
  readonly signal: AbortSignal;
}

/**
 * A repository as dbctl.yaml describes it. Nothing is connected to yet; a key that cannot be read is config.invalid or secret.exposed when
 * the storage is first asked for something.
 */
export async function openRepository(
  entry: RepositoryEntry,
  surroundings: Surroundings,
  codecOf: (name: string, place: string) => Codec,
): Promise<Repository> {
  const storage = await openStorage(entry, surroundings);
  const limited = entry.rate_limit === undefined ? storage : rateLimited(storage, entry.rate_limit, surroundings.signal);
  const work = storage.folder ?? resolve(surroundings.folder, entry.work ?? `.dbctl/${entry.name}`);
  return { name: entry.name, storage: limited, work, codec: codecOf(entry.name, storage.place) };
}

function openStorage(entry: RepositoryEntry, surroundings: Surroundings): Promise<Storage> {
  switch (entry.type) {
    case 'folder':
      return Promise.resolve(folderStorage(resolve(surroundings.folder, required(entry.path, 'path')), surroundings.clock));
    case 's3':
      return Promise.resolve(lazyStorage(s3Place(bucketOf(entry)), () => openBucket(entry, surroundings)));
    case 'sftp':
      return openRemoteFolder(entry, surroundings);
  }
}

const bucketOf = (entry: RepositoryEntry) => ({ bucket: required(entry.bucket, 'bucket'), prefix: entry.prefix ?? '' });

/** The SDK is loaded here and nowhere else: it takes longer than most commands. */
async function openBucket(entry: RepositoryEntry, surroundings: Surroundings): Promise<Storage> {
  const { credentials, lock, as_of: asOf } = entry;
  const secret = (what: string, place: NonNullable<typeof credentials>['id']) =>
    readSecret(`${what} of ${entry.name}`, place, surroundings);
  const keys =
    credentials === undefined
      ? null
      : {
          id: await secret('the id of the access key', credentials.id),
          key: await secret('the secret access key', credentials.secret),
        };
  const { s3Storage } = await import('./s3.ts');
  return s3Storage({
    ...bucketOf(entry),
    region: required(entry.region, 'region'),
    endpoint: entry.endpoint ?? null,
    ...(entry.path_style === undefined ? {} : { pathStyle: entry.path_style }),
    access: keys,
    lock: lock === undefined ? null : { mode: lock.mode, days: lock.days, legalHold: lock.legal_hold },
    asOf: asOf === undefined ? null : new Date(asOf),
    checksums: entry.checksums ?? 'sha256',
    clock: surroundings.clock,
    signal: surroundings.signal,
  });
}

async function openRemoteFolder(entry: RepositoryEntry, { folder, variables, clock, signal }: Surroundings): Promise<Storage> {
  const { sftpStorage } = await import('./sftp.ts');
  const local = (path: string | undefined) => (path === undefined ? null : resolve(folder, path));
  return sftpStorage({
    host: required(entry.host, 'host'),
    port: entry.port ?? null,
    user: entry.user ?? null,
    path: required(entry.path, 'path'),
    keyFile: local(entry.key_file),
    knownHosts: local(entry.known_hosts),
    variables,
    clock,
    signal,
  });
}

const required = (value: string | undefined, name: string): string =>
  value ?? fail('internal', `a repository without ${name} was let through`);
