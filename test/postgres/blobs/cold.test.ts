// What happens to a copy later: read again, read by somebody else, opened, brought back.
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { inspectBlobRule, type BlobFacts } from '../../../src/ops/blobs/inspect.ts';
import { restoreToFile, restoreToPlaces, wantedBlob } from '../../../src/ops/blobs/restore.ts';
import { surveyBlobs } from '../../../src/ops/blobs/survey.ts';
import { verifyBlobs, type VerifiedBlobs } from '../../../src/ops/blobs/verify.ts';
import { PLAIN, type Codec } from '../../../src/ops/codec/codec.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { blobServer, type Lab } from './support.ts';
import { folderPlace } from './rule.ts';

const newLab = blobServer();
const READING = { onBytes: () => {}, signal: new AbortController().signal } as const;

async function factsOf(lab: Lab, session: Session): Promise<BlobFacts> {
  const facts = await inspectBlobRule(session, lab.rule, 'look');
  if ('problem' in facts) throw new Error(facts.problem);
  return facts;
}

const verify = (
  lab: Lab,
  changes: { readonly sample?: number; readonly record?: boolean; readonly user?: string } = {},
): Promise<VerifiedBlobs> =>
  lab.session(
    async (session) =>
      verifyBlobs(session, await factsOf(lab, session), {
        ...READING,
        destination: lab.places.destination,
        sample: changes.sample ?? null,
        record: changes.record ?? false,
      }),
    changes.user,
  );

const restore = (lab: Lab, wanted: string, to?: string) =>
  lab.session(async (session) => {
    const facts = await factsOf(lab, session);
    const blob = await wantedBlob(session, facts, lab.places.destination, wanted);
    const options = { ...READING, ...lab.places };
    return to === undefined
      ? restoreToPlaces(session, facts, blob, options)
      : [await restoreToFile(session, facts, blob, to, options)];
  });

const coldFile = (lab: Lab, hash: string): string => join(lab.cold, 'blobs', hash.slice(0, 2), hash.slice(2));

describe('verify', () => {
  it('reads all of them, or some by chance, and finds what was changed, lost, or is proved by no row any more', async () => {
    const lab = await newLab();
    const hashes: string[] = [];
    for (let n = 0; n < 10; n += 1) hashes.push(await lab.proof(`f${n}`));
    await lab.run();
    expect(await verify(lab)).toEqual({ of: 10, looked: 10, recorded: 0, storedOnly: 0, bad: [] });
    expect(await verify(lab, { sample: 3 })).toMatchObject({ of: 10, looked: 3, bad: [] });
    writeFileSync(coldFile(lab, hashes[0] as string), 'content of fX');
    rmSync(coldFile(lab, hashes[1] as string));
    await lab.rows('delete from proof where sha256 = $1', [hashes[2]]);
    const { bad } = await verify(lab);
    expect(bad.map(({ copy, problem, rows }) => `${copy.sha256} ${problem?.slice(0, 20)} ${rows}`).toSorted()).toEqual(
      [`${hashes[0]} is damaged: it has t 1`, `${hashes[1]} is not there 1`, `${hashes[2]} undefined 0`].toSorted(),
    );
  });
});

describe('restore', () => {
  it('brings a blob back to where it was, with its mode, and leaves it there for as long as a new one', async () => {
    const lab = await newLab();
    const hash = await lab.proof('a/b');
    await lab.proof('c', { content: 'content of a/b', location: 'c' });
    await lab.run();
    expect(lab.hotNames()).toEqual([]);
    expect(await restore(lab, hash)).toEqual([
      { name: join(lab.hot, 'a/b'), outcome: 'restored' },
      { name: join(lab.hot, 'c'), outcome: 'restored' },
    ]);
    expect(readFileSync(join(lab.hot, 'a/b'), 'utf8')).toBe('content of a/b');
    expect((statSync(join(lab.hot, 'a/b')).mode & 0o777).toString(8)).toBe('640');
    expect((await lab.events()).slice(-2)).toEqual(['restored a/b', 'restored c']);
    expect(await lab.run()).toMatchObject({ moved: 0, left: { rows: 0 } });
    expect((await restore(lab, hash)).map(({ outcome }) => outcome)).toEqual(['there already', 'there already']);
    // Half a year later.
    await lab.rows(
      `alter table dbctl.blob_event disable trigger all; update dbctl.blob_event set at = at - interval '181 days'; alter table dbctl.blob_event enable always trigger dbctl_guard_row`,
    );
    expect(await lab.run()).toMatchObject({ moved: 2, copied: 0, alarms: 0 });
    expect(await lab.run()).toMatchObject({ moved: 0 });
  });

  it('by primary key, to a file, that must not be there', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.run();
    const [row] = await lab.rows<{ id: string }>('select id from proof');
    const to = join(lab.folder, 'back');
    expect(await restore(lab, row?.id ?? '', to)).toEqual([{ name: to, outcome: 'restored' }]);
    expect(readFileSync(to, 'utf8')).toBe('content of a');
    expect((await lab.events()).at(-1)).toBe('restored');
    await expect(restore(lab, row?.id ?? '', to)).rejects.toMatchObject({ code: 'refused', message: `${to} is there already` });
    expect(await lab.run()).toMatchObject({ moved: 0, left: { rows: 0 } });
  });

  it('puts back what somebody else took away, so that the alarm ends', async () => {
    const lab = await newLab();
    const hash = await lab.proof('a', { content: 'same' });
    await lab.run();
    await lab.proof('b', { content: 'same', file: false });
    expect(await lab.run()).toMatchObject({ alarms: 1, shown: [{ kind: 'missing' }] });
    await restore(lab, hash);
    expect(lab.hotNames()).toEqual(['a', 'b']);
    expect(await lab.run()).toMatchObject({ alarms: 0, moved: 0 });
  });

  it('writes over nothing, and leaves nothing that is not what was proved', async () => {
    const lab = await newLab();
    const hash = await lab.proof('a');
    await lab.run();
    writeFileSync(join(lab.hot, 'a'), 'another');
    await expect(restore(lab, hash)).rejects.toMatchObject({
      code: 'refused',
      message: `${lab.hot}/a is there, and has 7 bytes, and its proof says 12`,
    });
    expect(readFileSync(join(lab.hot, 'a'), 'utf8')).toBe('another');
    rmSync(join(lab.hot, 'a'));
    writeFileSync(coldFile(lab, hash), 'content of b');
    const to = join(lab.folder, 'back');
    for (const target of [undefined, to])
      await expect(restore(lab, hash, target)).rejects.toMatchObject({
        code: 'archive.failed',
        message: expect.stringMatching(/is damaged: it has the SHA-256/) as string,
      });
    expect([lab.hotNames(), existsSync(to)]).toEqual([[], false]);
  });

  it.each<[string, string, RegExp]>([
    ['a hash of no row', 'a'.repeat(64), /^no row of public.proof has the hash or the primary key a{64}$/],
    ['a key of no row', 'nothing', /^no row of public.proof has the hash or the primary key nothing$/],
  ])('refuses %s', async (_, wanted, message) => {
    const lab = await newLab();
    await expect(restore(lab, wanted)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a blob that was never copied', async () => {
    const lab = await newLab();
    const hash = await lab.proof('a');
    await expect(restore(lab, hash)).rejects.toMatchObject({
      code: 'archive.failed',
      message: expect.stringMatching(/was never copied to cold$/) as string,
    });
  });
});

describe('encrypted', () => {
  async function encrypted(): Promise<{ readonly lab: Lab; readonly withIdentity: Lab['places'] }> {
    const plain = await newLab();
    const file = join(plain.folder, 'key.txt');
    const recipient = await createIdentity(file, new Date());
    const opened = openIdentity({ kind: 'file', file }, { variables: {}, folder: plain.folder });
    const blind: Codec = { ...PLAIN, recipients: [recipient] };
    const { destination } = plain.places;
    const placesOf = (codec: Codec): Lab['places'] => ({ ...plain.places, destination: { ...destination, codec } });
    return { lab: { ...plain, places: placesOf(blind) }, withIdentity: placesOf({ ...blind, identity: () => opened }) };
  }

  it('nothing of a blob can be read in cold storage, and one key is made for a run', async () => {
    const { lab, withIdentity } = await encrypted();
    const hash = await lab.proof('a', { content: 'a secret, a secret' });
    await lab.proof('b', { content: Buffer.alloc(300_000, 'x') });
    expect(await lab.run({ places: lab.places })).toMatchObject({ moved: 2, alarms: 0 });
    const names = lab.coldNames();
    expect(names.filter((name) => name.endsWith('.age'))).toHaveLength(1);
    expect(names.filter((name) => name.endsWith('.enc'))).toHaveLength(2);
    for (const name of names) expect(readFileSync(join(lab.cold, name), 'latin1')).not.toContain('secret');
    expect(await verify(lab)).toMatchObject({ looked: 2, storedOnly: 2, bad: [] });
    const to = join(lab.folder, 'back');
    await expect(restore(lab, hash, to)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^no identity opens file:/) as string,
    });
    const open = { ...lab, places: withIdentity };
    expect(await verify(open)).toMatchObject({ looked: 2, storedOnly: 0, bad: [] });
    await restore(open, hash, to);
    expect(readFileSync(to, 'utf8')).toBe('a secret, a secret');
  });

  it('what was copied by a run that was killed is finished by one that cannot open it, and a changed byte is found', async () => {
    const { lab } = await encrypted();
    await lab.proof('a');
    const [place] = lab.places.hot;
    const stuck = { ...place, storage: { ...place?.storage, remove: () => Promise.reject(new Error('killed')) } } as typeof place;
    await expect(lab.run({ places: { ...lab.places, hot: [stuck as NonNullable<typeof stuck>] } })).rejects.toThrow('killed');
    const file = join(lab.cold, lab.coldNames().find((name) => name.endsWith('.enc')) ?? '');
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.from(bytes).fill(0, bytes.length - 1));
    const outcome = await lab.run({ places: lab.places });
    expect(outcome).toMatchObject({ moved: 1, copied: 1 });
    expect(outcome.notes[0]).toMatch(/is damaged .*and was copied again/);
  });
});

describe('a second login that reads copies back', () => {
  it('is waited for once there is one: nobody removes what they alone have copied', async () => {
    const lab = await newLab();
    await lab.rows(`create role b_archiver login password 'x'; create role b_checker login password 'x'`).catch(() => {});
    await lab.rows(`grant dbctl_auditor to b_archiver, b_checker`);
    await lab.rows(`grant select on proof to b_archiver, b_checker`);
    await lab.rows(
      `grant execute on function dbctl.record_blob_copy(jsonb), dbctl.record_blob_removal(jsonb), dbctl.record_blob_return(jsonb) to b_archiver`,
    );
    const user = 'b_archiver';
    await lab.proof('a');
    // Nobody may verify yet, so nobody can: it waits.
    expect(await lab.run({ user })).toMatchObject({ moved: 0, copied: 1, waiting: 1, alarms: 0 });
    await lab.rows(`grant execute on function dbctl.verify_blob(bigint, text, bigint, jsonb) to b_archiver`);
    await lab.rows(`grant execute on function dbctl.verify_blob(bigint, text, bigint, jsonb) to b_checker`);
    expect(await lab.run({ user })).toMatchObject({ moved: 0, waiting: 1 });
    const [copy] = await lab.rows<{ id: string }>(`select id from dbctl.blob_event where kind = 'copied'`);
    await expect(
      lab.session(
        (session) =>
          session.rows('select dbctl.record_blob_removal($1)', [
            JSON.stringify({ kind: 'removed', copy: Number(copy?.id), table_name: 'public.proof', row_key: '{}', location: 'x' }),
          ]),
        user,
      ),
    ).rejects.toMatchObject({
      sqlstate: 'IM010',
      message: 'the blob at x stays: nobody but b_archiver, who made it, has read the copy back',
    });
    expect(lab.hotNames()).toEqual(['a']);
    expect(await verify(lab, { record: true, user: 'b_checker' })).toMatchObject({ looked: 1, recorded: 1, bad: [] });
    expect(await verify(lab, { record: true, user: 'b_checker' })).toMatchObject({ looked: 0, recorded: 0 });
    expect(await lab.run({ user })).toMatchObject({ moved: 1, waiting: 0 });
    expect(
      (await lab.rows<{ who: string }>(`select concat_ws(' ', kind, actor) as who from dbctl.blob_event order by id`)).map(
        ({ who }) => who,
      ),
    ).toEqual(['copied b_archiver', 'verified b_archiver', 'verified b_checker', 'removing b_archiver', 'removed b_archiver']);
  });

  it('cannot say yes to something else than was copied, and a stranger nothing at all', async () => {
    const lab = await newLab();
    const hash = await lab.proof('a');
    await lab.run();
    const verified = (copy: number, sha256: string, bytes: number) =>
      lab.rows(`select dbctl.verify_blob($1, $2, $3, '{}')`, [copy, sha256, bytes]);
    await expect(verified(1, hash, 13)).rejects.toMatchObject({ sqlstate: 'IM013' });
    await expect(verified(1, 'f'.repeat(64), 12)).rejects.toMatchObject({ sqlstate: 'IM013' });
    await expect(verified(2, hash, 12)).rejects.toMatchObject({ sqlstate: '22023' });
    await expect(
      lab.rows(
        `select dbctl.record_blob_removal('{"kind": "removed", "copy": 99, "location": "x", "table_name": "t", "row_key": "{}"}')`,
      ),
    ).rejects.toMatchObject({
      sqlstate: 'IM010',
    });
    await expect(
      lab.rows('select dbctl.record_blob_removal($1)', [
        JSON.stringify({ kind: 'removed', copy: 1, table_name: 'public.proof', row_key: '{}', location: `file://${lab.hot}/a` }),
      ]),
    ).rejects.toMatchObject({ sqlstate: 'IM012' });
  });

  it('a login without rights is told what is missing, by plan and by run', async () => {
    const lab = await newLab();
    await lab.rows(`create role b_nobody login password 'x'`);
    const user = 'b_nobody';
    expect(await lab.run({ user })).toMatchObject({
      state: 'unfit',
      grants: ['grant select on table "public"."proof" to "b_nobody";'],
    });
    await lab.rows(`grant select on proof to b_nobody`);
    expect((await lab.run({ user })).grants).toEqual(['grant dbctl_auditor to "b_nobody";']);
    await lab.rows(`grant dbctl_auditor to b_nobody`);
    expect(await lab.run({ user })).toMatchObject({
      state: 'unfit',
      problem: 'b_nobody may not record what happens to blobs',
      grants: ['-- immutability: {archivers: [b_nobody]} in dbctl.yaml, then dbctl immutability install'],
    });
  });
});

describe('the plan', () => {
  it('counts blobs, bytes, what is held, missing, outside and shared, and changes nothing', async () => {
    const lab = await newLab();
    await lab.proof('a', { age: 300 });
    await lab.proof('gone', { file: false });
    await lab.proof('x', { location: 'https://x/y' });
    await lab.proof('shared');
    await lab.proof('shared', { age: 1, location: 'shared' });
    const survey = await lab.session((session) => surveyBlobs(session, lab.rule, lab.places, true));
    expect(survey).toMatchObject({
      backlog: { rows: 4, bytes: 12 + 15 + 12 + 17, held: 0, how: 'exact' },
      looked: 4,
      kept: 1,
      counts: { missing: 1, outside: 1, unreadable: 0 },
    });
    expect([await lab.events(), lab.hotNames(), existsSync(lab.cold)]).toEqual([[], ['a', 'shared', 'x'], false]);
  });

  it('says that places overlap', async () => {
    const lab = await newLab();
    const places = { ...lab.places, hot: [folderPlace('same', lab.cold)] };
    await expect(lab.session((session) => surveyBlobs(session, lab.rule, places, false))).rejects.toMatchObject({
      code: 'config.invalid',
    });
    chmodSync(lab.folder, 0o755);
  });
});
