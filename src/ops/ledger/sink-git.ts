import { spawn } from 'node:child_process';
import { fail } from '../../core/errors.ts';
import { noteName, refuseOther, sequenceOf, type OutgoingNote, type PublishedNote, type Receipt, type Sink } from './sink.ts';

export interface GitPlace {
  readonly repository: string;
  readonly branch: string;
  /** Pushed to after each commit; null: the branch stays here. */
  readonly remote: string | null;
}

/** Who commits: given on every call, so that the machine's configuration is not needed. Never asks at a terminal. */
const IDENTITY = ['-c', 'user.name=dbctl ledger', '-c', 'user.email=ledger@dbctl.invalid', '-c', 'credential.interactive=false'];

/** How often a commit is tried again when another writer moved the branch in between. */
const ATTEMPTS = 20;

/**
 * A branch of its own with one file a note, written with plumbing: neither the work tree nor the index of the repository is touched.
 * History makes rewriting visible to everybody who fetched; protect the branch against force pushes where it is hosted.
 */
export function gitSink(name: string, place: GitPlace): Sink {
  return { name, type: 'git', publish: (note) => publish(name, place, note), latest: () => latest(place) };
}

async function publish(sink: string, place: GitPlace, note: OutgoingNote): Promise<Receipt> {
  const file = noteName(note.sequence);
  for (let attempt = 1; ; attempt += 1) {
    const tip = await tipOf(place);
    const found = tip === null ? null : await show(place, tip, file);
    if (found !== null) {
      if (found !== note.text) refuseOther(sink, note.sequence, `${place.branch}:${file}`);
      await push(place);
      return { sink, reference: `${place.branch}:${file}`, detail: { commit: tip } };
    }
    const commit = await commitNote(place, tip, file, note);
    // update-ref takes the old value too and fails when the branch has moved: then the commit is made anew on the new tip.
    const moved = await git(place, ['update-ref', ref(place), commit, tip ?? '0'.repeat(40)]).then(
      () => false,
      (thrown: unknown) => {
        if (attempt === ATTEMPTS) throw thrown;
        return true;
      },
    );
    if (moved) continue;
    await push(place);
    return { sink, reference: `${place.branch}:${file}`, detail: { commit } };
  }
}

async function commitNote(place: GitPlace, tip: string | null, file: string, { text, sequence }: OutgoingNote): Promise<string> {
  const blob = await git(place, ['hash-object', '-w', '--stdin'], text);
  const entries = tip === null ? '' : await git(place, ['ls-tree', tip], undefined, false);
  const tree = await git(place, ['mktree'], `${entries}100644 blob ${blob}\t${file}\n`);
  const parent = tip === null ? [] : ['-p', tip];
  return git(place, ['commit-tree', tree, ...parent, '-m', `ledger checkpoint ${sequence}`]);
}

async function latest(place: GitPlace): Promise<PublishedNote | null> {
  if (place.remote !== null) await git(place, ['fetch', '--quiet', place.remote, place.branch]).catch(() => {});
  const tip = place.remote === null ? await tipOf(place) : await remoteTip(place);
  if (tip === null) return null;
  const names = (await git(place, ['ls-tree', '--name-only', tip])).split('\n').filter((name) => sequenceOf(name) !== null);
  const last = names.toSorted().at(-1);
  if (last === undefined) return null;
  return { sequence: sequenceOf(last) ?? 0, text: (await show(place, tip, last)) ?? '', reference: `${tip}:${last}` };
}

/** What the remote has, or, before the first push, what is here. */
async function remoteTip(place: GitPlace): Promise<string | null> {
  const line = await git(place, ['ls-remote', place.remote ?? '', ref(place)]);
  return line === '' ? tipOf(place) : (line.split('\t')[0] ?? null);
}

async function push(place: GitPlace): Promise<void> {
  if (place.remote === null) return;
  // Without force: a remote whose history is another one refuses, and that is what has to be seen.
  await git(place, ['push', '--quiet', place.remote, `${ref(place)}:${ref(place)}`]).catch((thrown: Error) =>
    fail('refused', `${place.remote} does not take the branch ${place.branch}: ${thrown.message}`, {
      hint: 'If the histories differ, one was rewritten: runbooks/ledger-mismatch.md. Otherwise the next run pushes again.',
    }),
  );
}

const ref = ({ branch }: GitPlace): string => `refs/heads/${branch}`;

const tipOf = (place: GitPlace): Promise<string | null> =>
  git(place, ['rev-parse', '--verify', '--quiet', `${ref(place)}^{commit}`]).catch(() => null);

const show = (place: GitPlace, tip: string, file: string): Promise<string | null> =>
  git(place, ['cat-file', 'blob', `${tip}:${file}`], undefined, false).catch(() => null);

function git({ repository }: GitPlace, args: readonly string[], input?: string, trim = true): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn('git', ['-C', repository, ...IDENTITY, ...args], { stdio: ['pipe', 'pipe', 'pipe'], timeout: 60_000 });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
    }
    child.stdin.on('error', () => {});
    child.on('error', (thrown) => failed(new Error(`git cannot be run: ${thrown.message}`)));
    child.on('close', (status) =>
      status === 0
        ? done(trim ? said.stdout.trim() : said.stdout)
        : failed(new Error(`git ${args[0]}: ${said.stderr.trim().split('\n')[0] ?? `exit ${status}`}`)),
    );
    child.stdin.end(input ?? '');
  });
}
