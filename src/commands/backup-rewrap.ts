import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import type { Rewrapped } from '../ops/codec/rewrapped.ts';
import { IDENTITY_OPTION, REPOSITORIES_OPTION, knownBackups, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup rewrap',
  summary: 'let other recipients open the backups that are there, without touching their data',
  description:
    'Opens the key of each encrypted backup, and of the archive of the log, with the identity, and wraps it for backup.encryption.recipients: ' +
    'new ones can restore from then on, removed ones no longer. Needs an identity that opens the backups now. Only the small key files are ' +
    'written, each whole or not at all: a run that was killed is run again, with a file of the old identity and the new one. Who could open a backup before, and kept a copy of it or of its ' +
    'key, still can: where an identity was stolen, take new backups and prune the old ones.',
  effect: 'changes',
  args: [{ name: '[id]', description: 'one backup (default: all of them, and the archive of the log)' }],
  options: [IDENTITY_OPTION, REPOSITORIES_OPTION],
  examples: [
    ['dbctl backup rewrap --identity /media/key/ann', 'after a change of backup.encryption.recipients'],
    ['dbctl backup rewrap --dry-run', 'which keys would be wrapped, and for whom'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { repository: name, identity, id } = options as Partial<Record<string, string>>;
  const { repositories, publicKeys, ...backups } = await openBackups(context, name, identity);
  const { recipients } = backups.repository.codec;
  if (recipients.length === 0) {
    fail('config.invalid', 'dbctl.yaml names nobody to wrap keys for', { hint: 'List them in backup.encryption.recipients.' });
  }
  const items: Item[] = [];
  let there = 0;
  for (const repository of repositories) {
    const all = await knownBackups({ ...backups, repositories, publicKeys, repository });
    const chosen = id === undefined ? all : all.filter((one) => one.id === id);
    there += chosen.length;
    items.push(
      ...(await (context.globals.dryRun ? foreseen(repository, chosen, id) : rewrapped(repository, chosen, id, context))),
    );
  }
  if (id !== undefined && there === 0) {
    fail('backup.failed', `there is no backup ${id} in ${listed(repositories)}`, {
      hint: 'dbctl backup list shows what is there.',
    });
  }
  const count = (status: Item['status']) => items.filter((one) => one.status === status).length;
  return {
    ok: count('fail') === 0,
    items,
    summary: { rewrapped: context.globals.dryRun ? 0 : count('pass'), failed: count('fail'), recipients: [...recipients] },
    view: viewOf(recipients),
  };
}

const listed = (repositories: readonly Repository[]): string => repositories.map((one) => one.name).join(', ');

async function foreseen(repository: Repository, chosen: readonly KnownBackup[], id: string | undefined): Promise<Item[]> {
  const { logKeysOf } = await import('../ops/wal/log-keys.ts');
  const ofBackups = chosen.flatMap((one) => (one.state === 'sealed' && one.manifest.encryption !== null ? [one.id] : []));
  const ofLog = id === undefined ? await logKeysOf(repository) : [];
  return [...ofBackups, ...ofLog].map((object) => item({ id: repository.name, object, message: 'would be wrapped anew' }));
}

async function rewrapped(
  repository: Repository,
  chosen: readonly KnownBackup[],
  id: string | undefined,
  { signal }: Context,
): Promise<Item[]> {
  const { rewrapBackups, rewrapLog } = await import('../ops/codec/rewrap.ts');
  const ofBackups = await rewrapBackups(repository, chosen, signal);
  const ofLog = id === undefined ? await rewrapLog(repository) : [];
  return [...ofBackups, ...ofLog].map((one) => itemOf(repository.name, one));
}

function itemOf(id: string, { id: object, outcome, problem }: Rewrapped): Item {
  switch (outcome) {
    case 'rewrapped':
      return item({ id, object, message: 'wrapped anew' });
    case 'not encrypted':
      return item({ id, object, status: 'skipped', message: 'not encrypted' });
    case 'failed': {
      const fix = 'run it again with an identity that opens this one';
      return item({ id, object, status: 'fail', severity: 'high', message: problem ?? 'failed', fix });
    }
  }
}

const viewOf = (recipients: readonly string[]) =>
  ({
    columns: [
      { field: 'id', title: 'in' },
      { field: 'object', title: 'key of' },
      { field: 'message', title: '' },
    ],
    notes: [
      `For ${recipients.join(', ')}. Identities that are no longer listed may be kept until dbctl backup drill has passed.`,
    ],
  }) as const;
