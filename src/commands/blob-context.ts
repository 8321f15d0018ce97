import { resolve } from 'node:path';
import type { RepositoryEntry } from '../config/repository.ts';
import { fail } from '../core/errors.ts';
import type { HotPlace } from '../ops/blobs/hot.ts';
import type { Address } from '../ops/blobs/location.ts';
import type { BlobPlaces } from '../ops/blobs/run.ts';
import type { BlobRule } from '../ops/retention/settings.ts';
import type { Storage } from '../ops/storage/storage.ts';
import { openArchives } from './archive-context.ts';
import type { Context } from './context.ts';
import { rulesOf } from './retention-context.ts';

/** Where the blobs of a rule come from and go to. Nothing is connected to yet. Fails with config.invalid. */
export async function openBlobPlaces(rule: BlobRule, context: Context, identity?: string): Promise<BlobPlaces> {
  const { config, folder } = await context.config();
  const { destination } = await openArchives(context, rule.destination ?? undefined, identity);
  const hot: HotPlace[] = [];
  for (const entry of rule.from) {
    const storage = await storageOf(entry, folder, context);
    context.atEnd(() => storage.close());
    const address = addressOf(entry, folder) ?? fail('internal', `${entry.name} is neither a folder nor a bucket`);
    hot.push({ name: entry.name, address, storage });
  }
  const to = config.archive.destinations.find(({ name }) => name === destination.name);
  return { hot, destination, destinationAddress: to === undefined ? null : addressOf(to, folder) };
}

async function storageOf(entry: RepositoryEntry, folder: string, context: Context): Promise<Storage> {
  const [{ openRepository }, { folderStorage }, { PLAIN }] = await Promise.all([
    import('../ops/storage/open.ts'),
    import('../ops/storage/folder.ts'),
    import('../ops/codec/codec.ts'),
  ]);
  // Without a clock: it would look through a folder of any size at every removal, for what runs of dbctl left there, which never write here.
  if (entry.type === 'folder') return folderStorage(resolve(folder, entry.path ?? ''));
  return (await openRepository(entry, { ...context, folder }, () => PLAIN)).storage;
}

function addressOf({ type, path, bucket, prefix }: RepositoryEntry, folder: string): Address | null {
  switch (type) {
    case 'folder':
      return { kind: 'folder', root: resolve(folder, path ?? '') };
    case 's3':
      return { kind: 's3', bucket: bucket ?? '', prefix: prefix ?? '' };
    case 'sftp':
      return null;
  }
}

/** The rules that move blobs, those that were named or all. Fails with usage where there is none. */
export async function blobRulesOf(context: Context, names: readonly string[] | undefined): Promise<readonly BlobRule[]> {
  const rules = await rulesOf(context, names);
  const moving = rules.flatMap((rule) => (rule.then === 'move-blobs' ? [rule] : []));
  if (moving.length > 0) return moving;
  return fail('usage', names === undefined ? 'no rule of dbctl.yaml moves blobs' : `${names.join(', ')} moves no blobs`, {
    hint: 'A rule does that says then: move-blobs: docs/retention.md.',
  });
}
