import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import type { Storage } from '../../../src/ops/storage/storage.ts';
import { placeHold, releaseHold } from '../../../src/ops/retention/holds/place.ts';
import { blobServer, coldContent, type Lab } from './support.ts';
import { folderPlace } from './rule.ts';

const newLab = blobServer();

it('a blob goes when its row is old enough, and the row stays as it was', async () => {
  const lab = await newLab();
  const old = await lab.proof('a/old.log');
  await lab.proof('a/young.log', { age: 179 });
  const before = await lab.rows('select * from proof order by id');
  const outcome = await lab.run();
  expect(outcome).toMatchObject({ state: 'done', moved: 1, copied: 1, alarms: 0, waiting: 0, kept: 0, left: { rows: 0 } });
  expect(lab.hotNames()).toEqual(['a/young.log']);
  expect(String(coldContent(lab, old))).toBe('content of a/old.log');
  expect(await lab.events()).toEqual(['copied a/old.log', 'verified', 'removing a/old.log', 'removed a/old.log']);
  expect(await lab.rows('select * from proof order by id')).toEqual(before);
  const [copied] = await lab.rows(`select uri, destination, bytes::int, detail from dbctl.blob_event where kind = 'copied'`);
  expect(copied).toMatchObject({
    uri: `file://${lab.cold}/blobs/${old.slice(0, 2)}/${old.slice(2)}`,
    destination: 'cold',
    bytes: 20,
    detail: {
      mode: '640',
      commitment: null,
      stored: { sha256: old, bytes: 20 },
      retain_until: expect.stringMatching(/^2033-/) as string,
    },
  });
  expect(await lab.run()).toMatchObject({ state: 'done', moved: 0, copied: 0 });
  expect(await lab.events()).toHaveLength(4);
});

it('in batches of one, with every form of location, to the last', async () => {
  const lab = await newLab();
  await lab.proof('one', { age: 201 });
  await lab.proof('two', { age: 202, location: 'two' });
  await lab.proof('thr ee', { age: 203, location: `file://${lab.hot}/thr%20ee` });
  await lab.proof('four', { age: 203, location: join(lab.hot, 'four') });
  await lab.proof('empty', { age: 300, content: '' });
  expect(await lab.run({ rule: { batch: 1 } })).toMatchObject({ state: 'done', moved: 5, copied: 5, alarms: 0 });
  expect(lab.hotNames()).toEqual([]);
});

describe('blobs that rows have in common', () => {
  it('two rows with one content have one copy, and both are taken away', async () => {
    const lab = await newLab();
    await lab.proof('a', { content: 'same' });
    await lab.proof('b', { content: 'same' });
    expect(await lab.run()).toMatchObject({ moved: 2, copied: 1 });
    expect([lab.hotNames(), lab.coldNames()]).toMatchObject([[], { length: 1 }]);
    await lab.proof('c', { content: 'same' });
    expect(await lab.run()).toMatchObject({ moved: 1, copied: 0 });
  });

  it('a blob that a young row refers to stays, also where it writes the location in another way, and is not copied', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.proof('a', { age: 1, location: 'a' });
    expect(await lab.run()).toMatchObject({ state: 'done', moved: 0, copied: 0, kept: 1, alarms: 0 });
    expect(lab.hotNames()).toEqual(['a']);
    await lab.rows(`update proof set created_at = created_at - interval '1 year'`);
    expect(await lab.run()).toMatchObject({ moved: 1 });
    expect(await lab.events()).toEqual(expect.arrayContaining(['removed a', `removed a`]));
    expect(await lab.run()).toMatchObject({ moved: 0, left: { rows: 0 } });
  });

  it('a row that the condition of the rule leaves out keeps its blob', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.proof('a', { location: 'a', age: 999 });
    expect(await lab.run({ rule: { where: `location <> 'a'` } })).toMatchObject({ moved: 0, kept: 1 });
  });
});

describe('what is not what was proved is an alarm, and stays', () => {
  it.each<[string, string, string, RegExp]>([
    ['another content of the same size', 'aaaa', 'bbbb', /^\S+\/blob has the SHA-256 61be55\S+, and its proof says 81cc5b\S+$/],
    ['a larger one', 'aaaaaaaa', 'bbbb', /^\S+\/blob has 8 bytes, and its proof says 4$/],
    ['a shorter one', 'a', 'bbbb', /^\S+\/blob has 1 bytes, and its proof says 4$/],
    ['an empty one', '', 'bbbb', /^\S+\/blob has 0 bytes, and its proof says 4$/],
  ])('%s', async (_, content, proved, message) => {
    const lab = await newLab();
    await lab.proof('blob', { content, proved });
    await lab.proof('good');
    const outcome = await lab.run();
    expect(outcome).toMatchObject({
      state: 'done',
      moved: 1,
      alarms: 1,
      shown: [{ kind: 'changed', location: `file://${lab.hot}/blob` }],
    });
    expect(outcome.shown[0]?.message).toMatch(message);
    expect([lab.hotNames(), lab.coldNames()]).toMatchObject([['blob'], { length: 1 }]);
    expect(outcome.left).toMatchObject({ rows: 1 });
  });

  it('one that is not there', async () => {
    const lab = await newLab();
    await lab.proof('gone', { file: false });
    expect(await lab.run()).toMatchObject({
      alarms: 1,
      shown: [{ kind: 'missing', message: `${lab.hot}/gone is not there, and nobody recorded that it was moved` }],
    });
  });

  it('one that somebody else took away after it was copied, whose content is safe', async () => {
    const lab = await newLab();
    await lab.proof('a', { content: 'same' });
    await lab.run();
    await lab.proof('b', { content: 'same', file: false });
    const { shown } = await lab.run();
    expect(shown[0]?.message).toMatch(/b is not there, and nobody recorded that it was moved; its content is safe in file:\/\//);
  });

  it('links, folders, and what the location does not mean', async () => {
    const lab = await newLab();
    const secret = join(lab.folder, 'secret');
    writeFileSync(secret, 'secret');
    mkdirSync(join(lab.folder, 'elsewhere'));
    writeFileSync(join(lab.folder, 'elsewhere', 'file'), 'secret');
    mkdirSync(join(lab.hot, 'folder'));
    symlinkSync(secret, join(lab.hot, 'link'));
    symlinkSync(join(lab.folder, 'elsewhere'), join(lab.hot, 'way'));
    const proof = { proved: 'secret', file: false };
    await lab.proof('link', proof);
    await lab.proof('way/file', proof);
    await lab.proof('folder', proof);
    await lab.proof('', { ...proof, location: `file://${lab.hot}/../secret` });
    await lab.proof('', { ...proof, location: `file://${lab.hot}/%2e%2e/secret` });
    await lab.proof('', { ...proof, location: `file://${secret}` });
    await lab.proof('', { ...proof, location: '../secret' });
    await lab.proof('', { ...proof, location: 'https://example.com/secret' });
    const { moved, copied, shown } = await lab.run();
    expect([moved, copied]).toEqual([0, 0]);
    expect(shown.map(({ kind, message }) => `${kind}: ${message.replaceAll(lab.hot, 'HOT')}`).toSorted()).toEqual([
      'outside: the location is of scheme https, and blobs are moved from file and s3',
      'outside: the location is outside of HOT',
      'outside: the location leads upwards (..)',
      'outside: the location leads upwards (..)',
      'outside: the location leads upwards (..)',
      'unreadable: HOT/folder: it is not a plain file',
      'unreadable: HOT/link: it is a link, and none is followed here',
      'unreadable: HOT/way: it is a link, and none is followed here',
    ]);
    expect(statSync(secret).size).toBe(6);
  });

  it('a row that says too little', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.rows('alter table proof alter size_bytes type numeric');
    for (const change of ['location = null', `sha256 = 'none'`, 'size_bytes = null', 'size_bytes = -1', 'size_bytes = 1.5']) {
      await lab.rows(`update proof set location = 'a', sha256 = repeat('a', 64), size_bytes = 1`);
      await lab.rows(`update proof set ${change}`);
      expect(await lab.run()).toMatchObject({ moved: 0, alarms: 1, shown: [{ kind: 'outside' }] });
    }
  });
});

/** Places with a storage in which one act is another. */
const changed = (lab: Lab, which: 'hot' | 'cold', change: (storage: Storage) => Partial<Storage>) => {
  const [place] = lab.places.hot;
  if (place === undefined) throw new Error('no place');
  const { destination } = lab.places;
  return which === 'cold'
    ? { destination: { ...destination, storage: { ...destination.storage, ...change(destination.storage) } } }
    : { hot: [{ ...place, storage: { ...place.storage, ...change(place.storage) } }] };
};

describe('cold storage that is not to be trusted', () => {
  it.each<[string, Storage['read'], RegExp]>([
    [
      'gives other bytes',
      () => Promise.resolve(Readable.from([Buffer.from('content of x')])),
      /is damaged \(it has 12 bytes, and its proof says 12\)|is damaged/,
    ],
    [
      'gives fewer',
      () => Promise.resolve(Readable.from([Buffer.from('c')])),
      /is damaged \(it has 1 bytes, and its proof says 12\), right after it was written$/,
    ],
    ['has nothing', () => Promise.resolve(null), /is gone from cold storage, right after it was written$/],
  ])('what %s is never a reason to remove', async (_, read, message) => {
    const lab = await newLab();
    await lab.proof('a', { content: 'content of a' });
    const outcome = await lab.run({ places: changed(lab, 'cold', () => ({ read })) });
    expect(outcome).toMatchObject({ state: 'done', moved: 0, alarms: 1, shown: [{ kind: 'cold' }] });
    expect(outcome.shown[0]?.message).toMatch(message);
    expect(await lab.events()).toEqual(['copied a']);
    expect(lab.hotNames()).toEqual(['a']);
    expect(await lab.run()).toMatchObject({ moved: 1, alarms: 0 });
  });

  it('a copy that was lost or damaged before the blob was taken away is made again, and that is said', async () => {
    const lab = await newLab();
    const hash = await lab.proof('a');
    await lab.run({
      places: changed(lab, 'hot', () => ({ remove: () => Promise.reject(new DbctlError('storage.failed', 'no')) })),
    });
    writeFileSync(join(lab.cold, 'blobs', hash.slice(0, 2), hash.slice(2)), 'content of b');
    const outcome = await lab.run();
    expect(outcome).toMatchObject({ moved: 1, copied: 1, alarms: 0 });
    expect(outcome.notes[0]).toMatch(
      /is damaged \(it has the SHA-256 \S+, and its proof says \S+\), and was copied again from where it still is/,
    );
    expect(String(coldContent(lab, hash))).toBe('content of a');
  });

  it('that is full, or does not answer, fails the rule; the next run finishes', async () => {
    const lab = await newLab();
    await lab.proof('a');
    const full = () => Promise.reject(new DbctlError('storage.failed', 'cold: no space left on the disk'));
    expect(await lab.run({ places: changed(lab, 'cold', () => ({ write: full })) })).toMatchObject({
      state: 'failed',
      moved: 0,
      problem: 'cold: no space left on the disk',
      left: { rows: 1 },
    });
    expect(await lab.events()).toEqual([]);
    expect(await lab.run()).toMatchObject({ moved: 1 });
  });
});

describe('hot storage that changes in the middle', () => {
  it('a blob that is replaced by the same bytes or by others after it was hashed stays', async () => {
    for (const content of ['content of a', 'something else']) {
      const lab = await newLab();
      await lab.proof('a', { content: 'content of a' });
      const asked = { states: 0 };
      // Before and behind the hash, then in the transaction.
      const stateOf = (storage: Storage) => async (key: string) => {
        if ((asked.states += 1) === 3) {
          rmSync(join(lab.hot, 'a'));
          writeFileSync(join(lab.hot, 'a'), content);
        }
        return (await storage.stateOf?.(key)) ?? null;
      };
      const outcome = await lab.run({ places: changed(lab, 'hot', (storage) => ({ stateOf: stateOf(storage) })) });
      expect(outcome).toMatchObject({
        moved: 0,
        alarms: 1,
        shown: [{ kind: 'changed', message: `${lab.hot}/a changed after it was hashed, and stays` }],
      });
      expect(lab.hotNames()).toEqual(['a']);
      expect(await lab.events()).toEqual(['copied a', 'verified', 'removing a']);
      expect((await lab.run()).moved).toBe(content === 'content of a' ? 1 : 0);
    }
  });

  it('one that cannot be taken away is an alarm, and the others go', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.proof('b');
    const remove = (storage: Storage) => (keys: readonly string[]) =>
      keys.includes('a') ? Promise.reject(new DbctlError('storage.failed', 'permission denied')) : storage.remove(keys);
    const outcome = await lab.run({ places: changed(lab, 'hot', (storage) => ({ remove: remove(storage) })) });
    expect(outcome).toMatchObject({
      moved: 1,
      alarms: 1,
      shown: [{ kind: 'unreadable', message: 'it could not be taken away: permission denied' }],
    });
    expect(await lab.run()).toMatchObject({ moved: 1, alarms: 0 });
  });

  it('a place in which nothing can be read fails the rule after some', async () => {
    const lab = await newLab();
    for (let n = 0; n < 30; n += 1) await lab.proof(`f${n}`);
    const read = () => Promise.reject(new DbctlError('storage.failed', 'the disk fails (EIO)'));
    const outcome = await lab.run({ places: changed(lab, 'hot', () => ({ read })) });
    expect(outcome).toMatchObject({ state: 'failed', moved: 0 });
    expect(outcome.problem).toMatch(/^25 blobs one after the other could not be read, the last: the disk fails \(EIO\)$/);
  });
});

describe('legal holds', () => {
  const hold = (lab: Lab, place: Parameters<typeof placeHold>[1]['place']) =>
    lab.session((session) =>
      placeHold(session, {
        schema: 'public',
        table: 'proof',
        place,
        reason: 'the court asked for them',
        reference: null,
        operator: 'test',
      }),
    );

  it('keep the blob where it is, and let it go when they are released', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.proof('b');
    const [row] = await lab.rows<{ id: string }>(`select id from proof where location like '%/a'`);
    const { id } = await hold(lab, { scope: 'subject', column: 'id', value: row?.id ?? '' });
    expect(await lab.run()).toMatchObject({ moved: 1, left: { rows: 0, held: 1 }, holds: [id] });
    expect(lab.hotNames()).toEqual(['a']);
    await lab.session((session) => releaseHold(session, id, 'the case is closed', 'test'));
    expect(await lab.run()).toMatchObject({ moved: 1 });
  });

  it('placed after the blob was copied and hashed it wins, and one row that is held keeps it for all', async () => {
    const lab = await newLab();
    await lab.proof('a');
    await lab.proof('a', { location: 'a', age: 400 });
    const read = (storage: Storage) => async (key: string) => {
      await hold(lab, { scope: 'range', column: 'created_at', from: null, to: '2026-01-01' });
      return storage.read(key);
    };
    const outcome = await lab.run({ places: changed(lab, 'cold', (storage) => ({ read: read(storage) })) });
    expect(outcome).toMatchObject({ state: 'done', moved: 0, copied: 1, kept: 1, alarms: 0 });
    expect(lab.hotNames()).toEqual(['a']);
    expect(await lab.run()).toMatchObject({ moved: 0, kept: 1 });
  });
});

describe('two at once, without a lock between them', () => {
  it('lose nothing, and count nothing twice', async () => {
    const lab = await newLab();
    for (let n = 0; n < 20; n += 1) await lab.proof(`f${n}`);
    const second = { ...lab.places, destination: { ...lab.places.destination, work: join(lab.folder, 'work2') } };
    const outcomes = await Promise.all([lab.run({ rule: { batch: 3 } }), lab.run({ rule: { batch: 3 }, places: second })]);
    expect(outcomes.map(({ state }) => state)).toEqual(['done', 'done']);
    await lab.run();
    expect(lab.hotNames()).toEqual([]);
    expect(lab.coldNames()).toHaveLength(20);
    const removed = await lab.rows<{ n: number }>(
      `select count(*)::int as n from dbctl.blob_event where kind = 'removed' group by location`,
    );
    expect(removed).toEqual(Array.from({ length: 20 }, () => ({ n: 1 })));
  });
});

describe('a rule that cannot run', () => {
  it.each<[string, object, string]>([
    [
      'no such column',
      { columns: { location: 'place', sha256: 'sha256', bytes: 'size_bytes' } },
      'public.proof has no column place: columns.location of the rule names it',
    ],
    [
      'a column of another type',
      { columns: { location: 'location', sha256: 'sha256', bytes: 'location' } },
      'public.proof.location is of type text, and bytes is read from bigint, integer, smallint, numeric',
    ],
    ['no such table', { table: 'proofs' }, 'there is no table public.proofs, did you mean public.proof'],
    [
      'a condition that means nothing',
      { where: 'nothing = 1' },
      'the server refuses it: column "nothing" does not exist (where: nothing = 1)',
    ],
  ])('%s', async (_, rule, problem) => {
    const lab = await newLab();
    expect(await lab.run({ rule })).toMatchObject({ state: 'unfit', problem });
  });

  it('a table without a primary key', async () => {
    const lab = await newLab();
    await lab.rows('alter table proof drop constraint proof_pkey');
    expect(await lab.run()).toMatchObject({
      problem: 'public.proof has no primary key, by which the record would name its rows',
    });
  });

  it('places that overlap: what is removed from the one would be gone from the other', async () => {
    const lab = await newLab();
    const inside = folderPlace('inside', join(lab.cold, 'blobs'));
    await expect(lab.run({ places: { hot: [inside] } })).rejects.toMatchObject({
      code: 'config.invalid',
      message: `inside (${lab.cold}/blobs) and cold (${lab.cold}) overlap`,
    });
    symlinkSync(lab.cold, join(lab.folder, 'other-name'));
    mkdirSync(lab.cold, { recursive: true });
    const linked = folderPlace('linked', join(lab.folder, 'other-name'));
    await expect(lab.run({ places: { hot: [linked] } })).rejects.toThrow('overlap');
  });
});

it('the record cannot be written, changed or removed by hand', async () => {
  const lab = await newLab();
  await lab.proof('a');
  await lab.run();
  await expect(lab.rows('update dbctl.blob_event set sha256 = sha256')).rejects.toMatchObject({ sqlstate: 'IM001' });
  await expect(lab.rows('delete from dbctl.blob_event')).rejects.toMatchObject({ sqlstate: 'IM001' });
  await expect(lab.rows('truncate dbctl.blob_event')).rejects.toMatchObject({ sqlstate: 'IM002' });
  await lab.rows(`create role stranger login password 'x'`);
  for (const sql of [
    `insert into dbctl.blob_event (kind, table_name, row_key, location, sha256, bytes, destination, uri)
     values ('copied', 'public.proof', '{}', 'x', repeat('a', 64), 1, 'cold', 'file:///x')`,
    'select * from dbctl.blob_event',
    `select dbctl.record_blob_copy('{}')`,
    `select dbctl.verify_blob(1, '', 0, '{}')`,
    `select dbctl.record_blob_removal('{}')`,
    `select dbctl.record_blob_return('{}')`,
  ])
    await expect(
      lab.session((session) => session.rows(sql), 'stranger'),
      sql,
    ).rejects.toMatchObject({ sqlstate: '42501' });
});
