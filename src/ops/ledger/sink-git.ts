import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { git, gitOrNull, isAncestor, type GitPlace } from './git.ts';
import {
  highestNote,
  noteFolders,
  noteName,
  refuseOther,
  sequenceOf,
  type OutgoingNote,
  type PublishedNote,
  type Receipt,
  type Sink,
} from './sink.ts';

/** How often a commit is made anew when another writer moved the branch in between. */
const ATTEMPTS = 30;

/** A push may fail although nobody moved the branch, while another one holds its lock: it is tried this often. */
const PUSHES = 3;

/**
 * A branch of its own with one file a note, written with plumbing: neither the work tree nor the index of the repository is touched.
 * With a remote, a note counts when the remote has it; the branch here is what the remote was last seen to have, and a remote that does
 * not go on from there was rewritten by force. Protect the branch against force pushes where it is hosted.
 */
export function gitSink(name: string, place: GitPlace): Sink {
  return {
    name,
    type: 'git',
    publish: (note) => publish(name, place, note),
    latest: async () => latestIn(place, await tipToRead(place)),
    read: async (sequences) => readAll(place, await tipToRead(place), sequences),
  };
}

async function publish(sink: string, place: GitPlace, note: OutgoingNote): Promise<Receipt> {
  const reference = `${place.branch}:${noteName(note.sequence)}`;
  for (let attempt = 1; ; attempt += 1) {
    const tips = await tipsOf(place);
    const base = await newest(place, tips);
    const found = await readIn(place, base, noteName(note.sequence));
    if (found !== null && found.text !== note.text) refuseOther(sink, note.sequence, reference);
    const commit = found === null ? await commitNote(place, base, note) : (base as string);
    if (await store(place, commit, tips, attempt)) return { sink, reference, detail: { commit } };
  }
}

interface Tips {
  readonly here: string | null;
  /** Null: the remote has no such branch, or there is no remote. */
  readonly there: string | null;
}

async function tipsOf(place: GitPlace): Promise<Tips> {
  const here = await gitOrNull(place, ['rev-parse', '--verify', '--quiet', ref(place)]);
  return { here, there: place.remote === null ? null : await remoteTip(place, place.remote) };
}

/** The tip both sides agree on or one is ahead to. Fails with refused when they went apart: nothing but force does that. */
async function newest(place: GitPlace, { here, there }: Tips): Promise<string | null> {
  if (here === null || there === null || here === there) return there ?? here;
  if (await isAncestor(place, here, there)) return there;
  if (await isAncestor(place, there, here)) return here;
  return fail(
    'refused',
    `the branch ${place.branch} of ${place.remote} was rewritten: it does not go on from ${here.slice(0, 12)}`,
    {
      hint: 'Keep both histories and follow runbooks/ledger-mismatch.md; the commit named here is the last that was seen there.',
    },
  );
}

async function commitNote(place: GitPlace, base: string | null, { text, sequence }: OutgoingNote): Promise<string> {
  const [folder = '', file = ''] = noteName(sequence).split('/');
  const blob = await git(place, ['hash-object', '-w', '--stdin'], text);
  const thousands = await entriesOf(place, base);
  if (thousands.some(({ name, type }) => type !== 'tree' || noteFolders([name]).length === 0)) {
    fail('refused', `the branch ${place.branch} holds other things than notes`, { hint: 'Give the ledger a branch of its own.' });
  }
  const inside = thousands.some(({ name }) => name === folder) ? await entriesOf(place, `${base}:${folder}`) : [];
  const subtree = await makeTree(place, [...inside, { mode: '100644', type: 'blob', id: blob, name: file }]);
  const others = thousands.filter(({ name }) => name !== folder);
  const tree = await makeTree(place, [...others, { mode: '040000', type: 'tree', id: subtree, name: folder }]);
  const parent = base === null ? [] : ['-p', base];
  return git(place, ['commit-tree', tree, ...parent, '-m', `ledger checkpoint ${sequence}`]);
}

interface Entry {
  readonly mode: string;
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

async function entriesOf(place: GitPlace, tree: string | null): Promise<Entry[]> {
  if (tree === null) return [];
  const listed = await git(place, ['ls-tree', '-z', '--full-tree', tree]);
  return listed
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [, mode = '', type = '', id = '', name = ''] = /^(\d+) (\w+) (\w+)\t([^]*)$/.exec(line) ?? [];
      return { mode, type, id, name };
    });
}

const makeTree = (place: GitPlace, entries: readonly Entry[]): Promise<string> =>
  git(place, ['mktree', '-z'], entries.map(({ mode, type, id, name }) => `${mode} ${type} ${id}\t${name}\0`).join(''));

/** False: another writer was faster, and the commit has to be made anew. */
async function store(place: GitPlace, commit: string, { here, there }: Tips, attempt: number): Promise<boolean> {
  const pushed = place.remote === null || commit === there || (await push(place, place.remote, commit, there, attempt));
  if (!pushed) return false;
  if (commit === here) return true;
  try {
    // With the old value, none of which is the empty text: update-ref then fails when the branch has moved.
    await git(place, ['update-ref', ref(place), commit, here ?? '']);
    return true;
  } catch (thrown) {
    const now = await gitOrNull(place, ['rev-parse', '--verify', '--quiet', ref(place)]);
    if (now === here || attempt === ATTEMPTS) throw thrown;
    return now !== null && isAncestor(place, commit, now);
  }
}

/** Without force. False: the remote has moved in between. Fails with refused when it has not, and still does not take it. */
async function push(place: GitPlace, remote: string, commit: string, seen: string | null, attempt: number): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      await git(place, ['push', '--quiet', remote, `${commit}:${ref(place)}`]);
      return true;
    } catch (thrown) {
      if (attempt < ATTEMPTS && (await remoteTip(place, remote).catch(() => seen)) !== seen) return false;
      if (tries < PUSHES && attempt < ATTEMPTS) {
        await sleep(100 * tries);
        continue;
      }
      return fail('refused', `${remote} does not take the branch ${place.branch}: ${(thrown as Error).message}`, {
        hint: 'Look at its address, the credentials and the rules of the branch; the next run pushes again.',
      });
    }
  }
}

/** What the remote has, fetched; null where it has no such branch. */
async function remoteTip(place: GitPlace, remote: string): Promise<string | null> {
  const lines = (await git(place, ['ls-remote', remote, ref(place)])).split('\n').map((line) => line.split('\t'));
  const tip = lines.find(([, name]) => name === ref(place))?.[0] ?? null;
  if (tip !== null && (await gitOrNull(place, ['cat-file', '-e', tip])) === null) {
    await git(place, ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', remote, ref(place)]);
  }
  return tip;
}

/** What counts is what the remote has, where there is one. Fails with refused when it was rewritten. */
async function tipToRead(place: GitPlace): Promise<string | null> {
  const tips = await tipsOf(place);
  if (place.remote === null) return tips.here;
  await newest(place, tips);
  return tips.there;
}

async function latestIn(place: GitPlace, tip: string | null): Promise<PublishedNote | null> {
  for (const folder of noteFolders((await entriesOf(place, tip)).map(({ name }) => name))) {
    const last = highestNote((await entriesOf(place, `${tip}:${folder}`)).map(({ name }) => name));
    if (last !== undefined) return readIn(place, tip, `${folder}/${last}`);
  }
  return null;
}

/** One process for all of them. */
async function readAll(place: GitPlace, tip: string | null, sequences: readonly number[]): Promise<PublishedNote[]> {
  if (tip === null || sequences.length === 0) return [];
  const asked = sequences.map((sequence) => `${tip}:${noteName(sequence)}`);
  // In bytes, as git counts: the origin in a note may hold any letter.
  const answer = Buffer.from(await git(place, ['cat-file', '--batch'], `${asked.join('\n')}\n`, 'as it is'));
  let at = 0;
  return sequences.flatMap((sequence, index) => {
    const start = answer.indexOf('\n', at) + 1;
    const size = / blob (\d+)$/.exec(answer.toString('latin1', at, start - 1))?.[1];
    at = size === undefined ? start : start + Number(size) + 1;
    return size === undefined ? [] : [{ sequence, text: answer.toString('utf8', start, at - 1), reference: asked[index] ?? '' }];
  });
}

async function readIn(place: GitPlace, tip: string | null, name: string): Promise<PublishedNote | null> {
  if (tip === null || (await git(place, ['ls-tree', '--full-tree', tip, '--', name])) === '') return null;
  return {
    sequence: sequenceOf(name) ?? 0,
    text: await git(place, ['cat-file', 'blob', `${tip}:${name}`], undefined, 'as it is'),
    reference: `${tip}:${name}`,
  };
}

const ref = ({ branch }: GitPlace): string => `refs/heads/${branch}`;
