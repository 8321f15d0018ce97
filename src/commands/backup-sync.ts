import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { Copy, RepositoryState } from '../ops/backup/sync.ts';
import { openBackups, type Backups } from './backup-context.ts';
import { withNotices } from './notices.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup sync',
  summary: 'bring to each repository what it lacks and another one has',
  description:
    'For a repository that was down while a backup was made, and for a new one: backups that the rule would keep, notes of removals, and the ' +
    'archived log. Every file is hashed against the sealed manifest before it is sent; what is broken is not multiplied, and what is there is ' +
    'not sent again. A run that was killed is gone on with. Needs no database. Exit 1 when a repository is still behind.',
  effect: 'changes',
  options: [],
  examples: [
    ['dbctl backup sync --dry-run', 'what is missing where?'],
    ['dbctl backup sync', 'from a timer, after backup create'],
  ],
};

/** A repository that answered; `waitingFor` is set where it is the work folder of another one. */
interface Opened {
  readonly repository: Repository;
  readonly state: RepositoryState;
  readonly waitingFor: Repository | null;
}

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(_options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, undefined);
  const [{ planSync }, { opened, failures }] = await Promise.all([import('../ops/backup/sync.ts'), openStates(backups)]);
  const copies = planSync(
    opened.map(({ state }) => state),
    backups.config.backup.keep,
  );
  const { dryRun } = context.globals;
  const items = dryRun ? copies.map((copy) => copyItem(copy, `is in ${copy.from}`)) : await catchUp(copies, opened, context);
  return answer([...failures, ...items], { repositories: backups.repositories.length, backups: copies.length }, dryRun);
}

/** The repositories that answer, and the work folders in which something waits to be sent. */
async function openStates({ repositories, publicKeys }: Backups): Promise<{ opened: Opened[]; failures: Item[] }> {
  const [{ knowBackups }, { localOf }] = await Promise.all([
    import('../ops/backup/verify.ts'),
    import('../ops/backup/distribute.ts'),
  ]);
  const stateOf = async (repository: Repository, name: string, waitingFor: Repository | null): Promise<Opened> => {
    const [known, notes] = await Promise.all([knowBackups(repository, publicKeys), repository.storage.names(PRUNED)]);
    const pruned = new Set(notes.map((note) => note.replace(/\.note$/, '')));
    return { repository, waitingFor, state: { name, receives: waitingFor === null, known, pruned } };
  };
  const opened: Opened[] = [];
  const failures: Item[] = [];
  for (const one of repositories) {
    try {
      opened.push(await stateOf(one, one.name, null));
      if (one.storage.folder !== null) continue;
      const waiting = await stateOf(localOf(one), `the work folder of ${one.name}`, one);
      if (waiting.state.known.length > 0) opened.push(waiting);
    } catch (thrown) {
      failures.push(failedItem(one.name, 'repository', thrown));
    }
  }
  for (const { repository, state } of opened) {
    for (const one of state.known) if (one.state === 'unread') failures.push(failed(repository.name, one.id, one.problem));
  }
  return { opened, failures };
}

const PRUNED = '.pruned/';

/** One thing after the other; what fails does not stop what follows. */
async function catchUp(copies: readonly Copy[], opened: readonly Opened[], context: Context): Promise<Item[]> {
  const items: Item[] = [];
  for (const copy of copies) {
    const act = async () => [copyItem(copy, await bring(copy, opened, context))];
    items.push(...(await tried(copy.to, copy.manifest.id, context, act)));
  }
  const brought = items.filter(({ status }) => status === 'pass');
  await clearWorkFolders(opened, brought);
  const repositories = opened.filter(({ waitingFor }) => waitingFor === null);
  for (const to of repositories) {
    for (const from of repositories.filter((one) => one !== to)) {
      items.push(...(await tried(to.state.name, 'notes of removals', context, () => bringNotes(from, to))));
      items.push(
        ...(await tried(to.state.name, 'write-ahead log', context, () => bringLog(from.repository, to.repository, context))),
      );
    }
  }
  return items;
}

async function bring({ manifest, from, to }: Copy, opened: readonly Opened[], { progress, signal }: Context): Promise<string> {
  const [{ withStoredFolder }, { readBeside, readManifestTexts }, { sendBackup }] = await Promise.all([
    import('../ops/restore/bring.ts'),
    import('../ops/backup/repository.ts'),
    import('../ops/backup/send.ts'),
  ]);
  const [source, target] = [repositoryOf(opened, from), repositoryOf(opened, to)];
  const { id, files } = manifest;
  return withStoredFolder({ repository: source, manifest, progress, signal }, async (folder) => {
    const step = progress.step(
      `send ${id} to ${to}`,
      files.reduce((sum, { bytes }) => sum + bytes, 0),
      'bytes',
    );
    const [texts, beside] = await Promise.all([readManifestTexts(source, id), readBeside(source, id)]);
    await sendBackup({ id, folder, files, ...texts, beside }, target, { signal, onBytes: (bytes) => step.tick(bytes) });
    step.done();
    return `brought from ${from}`;
  });
}

const repositoryOf = (opened: readonly Opened[], name: string): Repository => {
  const found = opened.find(({ state }) => state.name === name);
  if (found === undefined) throw new Error(`no repository ${name}`);
  return found.repository;
};

/** What has got to its repository waits no longer. */
async function clearWorkFolders(opened: readonly Opened[], brought: readonly Item[]): Promise<void> {
  const [{ arrived }, { removeFiles }] = await Promise.all([
    import('../ops/backup/sync.ts'),
    import('../ops/backup/repository.ts'),
  ]);
  for (const { repository, state, waitingFor } of opened) {
    const there = opened.find((one) => one.repository === waitingFor)?.state.known;
    if (there === undefined) continue;
    const copied = brought.flatMap(({ id, object }) => (object === waitingFor?.name ? [id] : []));
    for (const id of arrived(state.known, there, copied)) await removeFiles(repository, id);
  }
}

/** Without them `backup verify` would take what the other one removed by right for a theft. */
async function bringNotes(from: Opened, to: Opened): Promise<Item[]> {
  const lacking = [...from.state.pruned].filter((id) => !to.state.pruned.has(id) && !to.state.known.some((one) => one.id === id));
  for (const id of lacking) {
    const key = `${PRUNED}${id}.note`;
    const { readText } = await import('../ops/backup/repository.ts');
    const note = await readText(from.repository, key);
    if (note !== null) await to.repository.storage.write(key, Buffer.from(note));
  }
  if (lacking.length === 0) return [];
  return [item({ id: 'notes of removals', object: to.state.name, message: `${lacking.length} brought from ${from.state.name}` })];
}

async function bringLog(from: Repository, to: Repository, { progress, signal }: Context): Promise<Item[]> {
  const { syncWal } = await import('../ops/wal/sync.ts');
  const step = progress.step(`send the write-ahead log to ${to.name}`);
  const { sent, problems } = await syncWal(from, to, { signal, onFile: (name) => step.tick(1, name) });
  step.done();
  return [
    ...(sent === 0 ? [] : [item({ id: 'write-ahead log', object: to.name, message: `${sent} files brought from ${from.name}` })]),
    ...problems.map((message) => failed(to.name, 'write-ahead log', message)),
  ];
}

async function tried(repository: string, what: string, { signal }: Context, act: () => Promise<Item[]>): Promise<Item[]> {
  try {
    return await act();
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return [failedItem(repository, what, thrown)];
  }
}

function failedItem(repository: string, what: string, thrown: unknown): Item {
  if (thrown instanceof DbctlError) return failed(repository, what, thrown.message);
  throw thrown;
}

const failed = (object: string, id: string, message: string): Item =>
  item({ id, object, status: 'fail', severity: 'high', message, fix: 'mend what it says, and run dbctl backup sync again' });

const copyItem = ({ manifest, to }: Copy, message: string): Item => item({ id: manifest.id, object: to, message });

function answer(
  items: readonly Item[],
  counts: { readonly repositories: number; readonly backups: number },
  dryRun: boolean,
): Answer {
  const bad = items.filter(({ status }) => status === 'fail').length;
  return {
    ok: bad === 0,
    items,
    summary: { ...counts, failed: bad, state: dryRun ? 'planned' : 'done' },
    view: {
      columns: [
        { field: 'object', title: 'repository' },
        { field: 'id', title: dryRun ? 'lacks' : 'what' },
        { field: 'message', title: '' },
      ],
      notes: items.length > 0 ? [] : [`Every repository has ${dryRun ? 'the backups' : 'what'} the others have.`],
    },
  };
}
