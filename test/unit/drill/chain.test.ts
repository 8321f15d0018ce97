import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderRepository, type FolderRepository } from '../../../src/ops/backup/repository.ts';
import type { Drill } from '../../../src/ops/drill/drill.ts';
import { readReports, storeReport, verifyReports, type ReportFacts } from '../../../src/ops/drill/report.ts';
import { createSignerKey, openSigner, type Signer } from '../../../src/ops/signing/signer.ts';
import before from './reports-before.json' with { type: 'json' };

const folder = mkdtempSync(join(tmpdir(), 'dbctl-reports-'));
const whole = folderRepository('whole', join(folder, 'whole'));
let signer: Signer;
let stranger: Signer;
let head = '';

const drill = (changes: Partial<Drill> = {}): Drill => ({
  answer: 'passed',
  steps: [{ name: 'open', outcome: 'passed', message: 'all | of\nthem', details: ['one'], seconds: 1 }],
  rtoSeconds: 12,
  rpoSeconds: 3_600,
  lastCommit: null,
  ...changes,
});
const facts = (at: string): ReportFacts => ({
  at: new Date(at),
  operator: 'test@here',
  dbctl: '0',
  backup: {
    id: 'lab-1',
    type: 'logical',
    database: 'lab',
    manifest: 'abc',
    snapshotAt: '2026-11-21T00:00:00Z',
    sizeBytes: 1,
  },
  choice: { by: 'random', seed: 's', within: null, among: ['lab-1', 'lab-2'] },
  targets: { rtoSeconds: 60, rpoSeconds: null },
  programs: { pg_dump: '18.6' },
});
const store = (one: Drill, at: string, repository = whole) => {
  const keys = { publicKeys: [signer.verifierKey], signal: new AbortController().signal };
  return storeReport(repository, one, facts(at), signer, keys);
};

beforeAll(async () => {
  const key = async (name: string) => {
    await createSignerKey(join(folder, `${name}.pem`), name);
    return openSigner({ name, key: { kind: 'file', file: `${name}.pem` }, publicKeys: [] }, { variables: {}, folder });
  };
  [signer, stranger] = [await key('own'), await key('stranger')];
  for (let day = 1; day <= 4; day += 1) await store(drill(), `2026-11-0${day}T06:00:00Z`);
  const missed = drill({ answer: 'target missed', rtoSeconds: 90 });
  await store(missed, '2026-11-05T06:00:00Z');
  head = (await store(drill(), '2026-11-06T06:00:00Z')).head;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const problems = async (repository: FolderRepository, wanted?: string): Promise<string[]> =>
  (await verifyReports(repository, [signer.verifierKey], wanted)).flatMap((link) => link.problems);

describe('the chain of reports', () => {
  it('is whole, and was written for people, too', async () => {
    expect(await problems(whole, head)).toEqual([]);
    const links = await verifyReports(whole, [signer.verifierKey]);
    expect(links.map(({ report }) => `${report?.number} ${report?.answer}`).slice(-3)).toEqual([
      '4 passed',
      '5 target missed',
      '6 passed',
    ]);
    const name = readdirSync(join(whole.folder, '.drills')).find((file) => /^000005.*md$/.test(file)) ?? '';
    const text = readFileSync(join(whole.folder, '.drills', name), 'utf8');
    expect(text).toContain('**Target missed.** It is good, and a recovery takes longer or loses more than dbctl.yaml allows.');
    expect(text).toContain('| open | passed | 1.0 | all / of them |');
    expect(text).toContain('| time to a database that was looked at (RTO) | 90 s | 60 s |');
    expect(text).toContain('The last 5 drills of its kind: median 12 s, worst 90 s.');
    expect(text).toMatch(/Follows `000004-20261104T060000Z-lab-1` \([0-9a-f]{64}\)\./);
  });

  const at = (repository: FolderRepository, id: string, kind: string) => join(repository.folder, '.drills', `${id}.${kind}`);
  const edit = (repository: FolderRepository, id: string, kind: string, change: (text: string) => string) =>
    writeFileSync(at(repository, id, kind), change(readFileSync(at(repository, id, kind), 'utf8')));
  const remove = (repository: FolderRepository, id: string, ...kinds: readonly string[]) => {
    for (const kind of kinds) unlinkSync(at(repository, id, kind));
  };
  const copy = (repository: FolderRepository, from: string, to: string, ...kinds: readonly string[]) => {
    for (const kind of kinds) cpSync(at(repository, from, kind), at(repository, to, kind));
  };
  const ALL = ['json', 'note', 'md'] as const;
  type Six = readonly [string, string, string, string, string, string];

  it.each<[string, (repository: FolderRepository, ids: Six) => unknown, RegExp]>([
    [
      'a missed target that says it passed',
      (r, [, , , , id]) => edit(r, id, 'json', (text) => text.replace('"ok": false', '"ok": true')),
      /^it is not the report that was signed$/,
    ],
    [
      'a time that was made shorter',
      (r, [id]) => edit(r, id, 'json', (text) => text.replace('"rtoSeconds": 12', '"rtoSeconds": 1')),
      /^it is not the report that was signed$/,
    ],
    ['one more space', (r, [id]) => edit(r, id, 'json', (text) => `${text} `), /^it is not the report that was signed$/],
    ['an empty report', (r, [id]) => edit(r, id, 'json', () => ''), /^it is not the report that was signed$/],
    [
      'a changed report at the next',
      (r, [id]) => edit(r, id, 'json', () => ''),
      /^the report before it, 000001-\S+, is not the one it followed$/,
    ],
    ['the note of another report', (r, [a, b]) => copy(r, a, b, 'note'), /^it is not the report that was signed$/],
    [
      'a signature that was cut',
      (r, [id]) => edit(r, id, 'note', (text) => text.replace(/.{6}\n$/, 'AAAA==\n')),
      /^the note is not to be trusted: /,
    ],
    ['an empty note', (r, [id]) => edit(r, id, 'note', () => ''), /^the note is not to be trusted: /],
    ['a report without its note', (r, [id]) => remove(r, id, 'note'), /^its signed note is gone$/],
    [
      'Markdown that says something nicer',
      (r, [, , , , id]) => edit(r, id, 'md', (text) => text.replaceAll('Target missed', 'Passed')),
      /^its Markdown says something else than the report$/,
    ],
    ['a report without its Markdown', (r, [id]) => remove(r, id, 'md'), /^its Markdown is gone$/],
    ['one that was taken away', (r, [, id]) => remove(r, id, ...ALL), /^the report before it, 000002-\S+, is gone$/],
    ['the first one taken away', (r, [id]) => remove(r, id, ...ALL), /^the report before it, 000001-\S+, is gone$/],
    [
      'the newest one taken away, its note left',
      (r, [, , , , , id]) => remove(r, id, 'json', 'md'),
      /^its report is gone, and another file of it is there$/,
    ],
    ['the newest one taken away, the head known', (r, [, , , , , id]) => remove(r, id, ...ALL), /^no report has this hash$/],
    [
      'every one taken away, the head known',
      (r) => rmSync(join(r.folder, '.drills'), { recursive: true }),
      /^no report has this hash$/,
    ],
    [
      'two that changed places',
      (r, [a, b]) => (copy(r, a, 'x', ...ALL), copy(r, b, a, ...ALL), copy(r, 'x', b, ...ALL), remove(r, 'x', ...ALL)),
      /^it is not the report that was signed$/,
    ],
    [
      'an old one played again as the newest',
      (r, [a]) => copy(r, a, `000007${a.slice(6)}`, ...ALL),
      /^it is not the report that was signed$/,
    ],
  ])('shows %s', async (name, tamper, said) => {
    const repository = folderRepository(name, mkdtempSync(join(folder, 'tampered-')));
    cpSync(whole.folder, repository.folder, { recursive: true });
    const ids = readdirSync(join(whole.folder, '.drills'))
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -5))
      .toSorted() as unknown as Six;
    tamper(repository, ids);
    expect(await problems(repository, head)).toContainEqual(expect.stringMatching(said));
  });

  it('of a dbctl before this one is as good as it was, and goes on', async () => {
    const repository = folderRepository('before', join(folder, 'before'));
    mkdirSync(join(repository.folder, '.drills'), { recursive: true });
    for (const [name, text] of Object.entries(before.files)) writeFileSync(join(repository.folder, '.drills', name), text);
    const keys = [before.publicKey, signer.verifierKey];
    const all = async (): Promise<string[]> =>
      (await verifyReports(repository, keys, before.head)).flatMap((link) => link.problems);
    expect(await all()).toEqual([]);
    expect((await readReports(repository, keys)).map(({ answer }) => answer)).toEqual(['passed', 'target missed']);
    const { report } = await storeReport(repository, drill(), facts('2026-11-15T06:00:00Z'), signer, {
      publicKeys: keys,
      signal: new AbortController().signal,
    });
    expect(report).toMatchObject({ number: 3, previous: { report: before.head }, history: { drills: 3, worstSeconds: 90 } });
    expect(await all()).toEqual([]);
  });

  it('shows a whole chain that somebody else signed', async () => {
    const repository = folderRepository('strange', join(folder, 'strange'));
    const keys = { publicKeys: [stranger.verifierKey], signal: new AbortController().signal };
    await storeReport(repository, drill(), facts('2026-11-01T06:00:00Z'), stranger, keys);
    expect(await problems(repository)).toEqual(['the note is not to be trusted: none of its signatures is of a known key']);
    expect(await readReports(repository, [signer.verifierKey])).toEqual([]);
  });

  it('stays one chain with eight drills at once, and a clock that goes back', async () => {
    const repository = folderRepository('race', join(folder, 'race'));
    await store(drill(), '2026-11-01T06:00:00Z', repository);
    await Promise.all(Array.from({ length: 8 }, () => store(drill(), '1970-01-01T00:00:00Z', repository)));
    expect(await problems(repository)).toEqual([]);
    expect((await readReports(repository, [signer.verifierKey])).map(({ number }) => number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });
});
