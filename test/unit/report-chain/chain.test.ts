import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import {
  newestReport,
  readReports,
  type ChainedReport,
  type ReportKind,
  type ReportPlace,
} from '../../../src/ops/report-chain/report.ts';
import { storeReport } from '../../../src/ops/report-chain/store.ts';
import { verifyReports } from '../../../src/ops/report-chain/verify.ts';
import { signNote } from '../../../src/ops/signing/note.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import type { Storage } from '../../../src/ops/storage/storage.ts';

interface Tale extends ChainedReport {
  readonly words: string;
}

const TALES: ReportKind<Tale> = {
  format: 'dbctl-tale/1',
  folder: 'tales/',
  markdown: ({ id, words }) => `# ${id}\n\n${words}\n`,
  sealsMarkdown: true,
};

const folder = mkdtempSync(join(tmpdir(), 'dbctl-chain-'));
const whole = folderRepository('whole', join(folder, 'whole'));
let signer: Signer;
let stranger: Signer;
let head = '';

const tell = (words: string, at: string, place: ReportPlace = whole, by = signer, about = 'prod') =>
  storeReport(place, TALES, (chain) => ({ format: 'dbctl-tale/1', ...chain, words }), {
    at: new Date(at),
    about,
    signer: by,
    publicKeys: [signer.verifierKey],
    signal: new AbortController().signal,
  });

beforeAll(async () => {
  const key = async (name: string) => {
    await createSignerKey(join(folder, `${name}.pem`), name);
    return openSigner({ name, key: { kind: 'file', file: `${name}.pem` }, publicKeys: [] }, { variables: {}, folder });
  };
  [signer, stranger] = [await key('own'), await key('stranger')];
  for (let day = 1; day <= 3; day += 1) await tell(`day ${day}`, `2026-11-0${day}T06:00:00Z`);
  head = (await tell('day 4', '2026-11-04T06:00:00Z')).head;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const problems = async (place: ReportPlace, wanted?: string): Promise<string[]> =>
  (await verifyReports(place, TALES, [signer.verifierKey], wanted)).flatMap((link) => link.problems);

/** A copy of the whole chain, for somebody to meddle with. */
function copyOf(name: string): FolderRepository {
  const place = folderRepository(name, mkdtempSync(join(folder, 'copy-')));
  cpSync(whole.folder, place.folder, { recursive: true });
  return place;
}

function readNames({ folder: at }: FolderRepository): string[] {
  return readdirSync(join(at, 'tales'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -5))
    .toSorted();
}

const pathOf = (place: FolderRepository, id: string, kind: string) => join(place.folder, 'tales', `${id}.${kind}`);
const edit = (place: FolderRepository, id: string, kind: string, change: (text: string) => string) =>
  writeFileSync(pathOf(place, id, kind), change(readFileSync(pathOf(place, id, kind), 'utf8')));
const remove = (place: FolderRepository, id: string, ...kinds: readonly string[]) => {
  for (const kind of kinds) unlinkSync(pathOf(place, id, kind));
};
const copy = (place: FolderRepository, from: string, to: string, ...kinds: readonly string[]) => {
  for (const kind of kinds) cpSync(pathOf(place, from, kind), pathOf(place, to, kind));
};
const ALL = ['json', 'note', 'md'] as const;
type Four = readonly [string, string, string, string];
const COPY = (place: FolderRepository) => join(place.folder, 'tales', 'newest', 'copy.json');

describe('a chain of reports whose notes name their Markdown, too', () => {
  it('is whole, and each can be read', async () => {
    expect(await problems(whole, head)).toEqual([]);
    expect((await readReports(whole, TALES, [signer.verifierKey])).map(({ words }) => words)).toEqual([
      'day 1',
      'day 2',
      'day 3',
      'day 4',
    ]);
    const newest = await newestReport(whole, TALES, [signer.verifierKey], ({ words }) => words !== 'day 4');
    expect(newest?.words).toBe('day 3');
    expect(await newestReport(whole, TALES, [signer.verifierKey], () => false)).toBe(null);
  });

  it.each<[string, (place: FolderRepository, ids: Four) => unknown, RegExp]>([
    [
      'a byte of the JSON',
      (r, [a]) => edit(r, a, 'json', (text) => text.replace('day 1', 'day 7')),
      /^it is not the report that was signed$/,
    ],
    [
      'a byte of the Markdown',
      (r, [a]) => edit(r, a, 'md', (text) => text.replace('day 1', 'day 7')),
      /^its Markdown says something else than the report$/,
    ],
    [
      'a byte of the note',
      (r, [a]) => edit(r, a, 'note', (text) => text.replace('report ', 'report 0')),
      /^the note is not to be trusted: the signature of own does not fit its text$/,
    ],
    [
      'another Markdown, and its hash in the note',
      (r, [a]) => (
        edit(r, a, 'md', () => 'nice\n'),
        edit(r, a, 'note', (text) => text.replace(/markdown \w{64}/, `markdown ${'0'.repeat(64)}`))
      ),
      /^the note is not to be trusted: the signature of own does not fit its text$/,
    ],
    [
      'a note without the line of the Markdown',
      (r, [a]) => edit(r, a, 'note', (text) => text.replace(/markdown .*\n/, '')),
      /^the note is not to be trusted: /,
    ],
    ['no Markdown', (r, [a]) => remove(r, a, 'md'), /^its Markdown is gone$/],
    ['no note', (r, [a]) => remove(r, a, 'note'), /^its signed note is gone$/],
    ['one of the middle taken away', (r, [, b]) => remove(r, b, ...ALL), /^the report before it, 000002-\S+, is gone$/],
    [
      'the last taken away, and what else is left of it',
      (r, [, , , d]) => remove(r, d, ...ALL),
      /^it was signed, and is not in its place: /,
    ],
    [
      'the last taken away with its copy, the head known',
      (r, [, , , d]) => (remove(r, d, ...ALL), unlinkSync(COPY(r))),
      /^no report has this hash$/,
    ],
    [
      'the last two taken away',
      (r, [, , c, d]) => (remove(r, c, ...ALL), remove(r, d, ...ALL)),
      /^it was signed, and is not in its place: /,
    ],
    [
      'two that changed places',
      (r, [a, b]) => (copy(r, a, 'x', ...ALL), copy(r, b, a, ...ALL), copy(r, 'x', b, ...ALL), remove(r, 'x', ...ALL)),
      /^it is not the report that was signed$/,
    ],
    [
      'the JSON of the last gone, its note left',
      (r, [, , , d]) => remove(r, d, 'json', 'md'),
      /^its report is gone, and another file of it is there$/,
    ],
  ])('shows %s', async (name, tamper, said) => {
    const place = copyOf(name);
    tamper(place, readNames(whole) as unknown as Four);
    expect(await problems(place, head)).toContainEqual(expect.stringMatching(said));
  });

  it('shows a report that another key signed, and a note that somebody forged', async () => {
    const place = copyOf('strange');
    await tell('by a stranger', '2026-11-05T06:00:00Z', place, stranger);
    expect(await problems(place)).toEqual(['the note is not to be trusted: none of its signatures is of a known key']);
    const [, , , , id = ''] = readNames(place);
    const forged = (await signNote(readFileSync(pathOf(place, id, 'note'), 'utf8').split('\n\n')[0] + '\n', stranger)).replace(
      'stranger',
      'own',
    );
    writeFileSync(pathOf(place, id, 'note'), forged);
    expect(await problems(place)).toEqual(['the note is not to be trusted: none of its signatures is of a known key']);
  });

  it('a file of another name is told of, and takes no place', async () => {
    const place = copyOf('stray');
    writeFileSync(join(place.folder, 'tales', 'zzz.json'), '{}');
    writeFileSync(join(place.folder, 'tales', '7.json'), '{}');
    const { report } = await tell('day 5', '2026-11-05T06:00:00Z', place);
    expect(report.number).toBe(5);
    expect(await problems(place)).toEqual(Array(2).fill('its report is gone, and another file of it is there'));
  });

  it('a copy that nobody signed is nothing, and the next report goes on without it', async () => {
    const place = copyOf('planted');
    writeFileSync(COPY(place), JSON.stringify({ id: '000009-20261109T060000Z-prod', json: '{}', md: '', note: 'x' }));
    expect(await problems(place)).toEqual([]);
    await tell('day 5', '2026-11-05T06:00:00Z', place);
    expect(await problems(place)).toEqual([]);
    expect(readNames(place)).toHaveLength(5);
  });

  it('an older copy that is played again puts nothing back', async () => {
    const place = copyOf('replayed');
    const old = readFileSync(COPY(place), 'utf8');
    await tell('day 5', '2026-11-05T06:00:00Z', place);
    writeFileSync(COPY(place), old);
    await tell('day 6', '2026-11-06T06:00:00Z', place);
    expect(await problems(place)).toEqual([]);
    expect(readNames(place)).toHaveLength(6);
  });
});

describe('a run that is killed while it stores a report', () => {
  /** Ends like a killed process does: the write with this number, and all after it, never happen. */
  const dyingAt = (storage: Storage, write: number): Storage => {
    let writes = 0;
    return {
      ...storage,
      write: async (key, content) => {
        writes += 1;
        if (writes >= write) throw new Error('killed');
        await storage.write(key, content);
      },
    };
  };

  it.each([1, 2, 3, 4])('before its write %i: nothing that looks like a report, and the next run works', async (write) => {
    const place = copyOf(`killed-${write}`);
    const dying = { ...place, storage: dyingAt(place.storage, write) };
    await expect(tell('day 5', '2026-11-05T06:00:00Z', dying)).rejects.toThrow('killed');
    expect((await readReports(place, TALES, [signer.verifierKey])).map(({ words }) => words).at(-1)).toBe('day 4');
    const said = await problems(place);
    expect(said.some((one) => one.startsWith('it was signed, and is not in its place'))).toBe(write > 1);
    await tell('day 6', '2026-11-06T06:00:00Z', place);
    expect(await problems(place)).toEqual([]);
    const words = (await readReports(place, TALES, [signer.verifierKey])).map((one) => one.words);
    // What was signed comes to its place; what was not has never been.
    expect(words.slice(4)).toEqual(write > 1 ? ['day 5', 'day 6'] : ['day 6']);
  });

  it('and the one before the last is gone: the copy is kept, and the gap is told for ever', async () => {
    const place = copyOf('gap');
    const [, , c = '', d = ''] = readNames(place);
    remove(place, c, ...ALL);
    remove(place, d, ...ALL);
    await tell('day 5', '2026-11-05T06:00:00Z', place);
    expect(await problems(place)).toEqual([`the report before it, ${c}, is gone`]);
    expect((await readReports(place, TALES, [signer.verifierKey])).map(({ words }) => words)).toEqual([
      'day 1',
      'day 2',
      'day 4',
      'day 5',
    ]);
  });
});

describe('several runs at once', () => {
  it('make one chain, in which none is lost', async () => {
    const place = folderRepository('race', join(folder, 'race'));
    await Promise.all(Array.from({ length: 8 }, (_, n) => tell(`runner ${n}`, '2026-11-01T06:00:00Z', place)));
    expect(await problems(place)).toEqual([]);
    const found = await readReports(place, TALES, [signer.verifierKey]);
    expect(found.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new Set(found.map(({ words }) => words)).size).toBe(8);
  });
});
