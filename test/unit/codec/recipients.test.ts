import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataKeyText, keyCommitment, newDataKey } from '../../../src/ops/codec/data-key.ts';
import { createIdentity, openIdentity } from '../../../src/ops/codec/identity.ts';
import { rewrapKey, unwrapKey, wrapKey } from '../../../src/ops/codec/recipients.ts';
import { DbctlError } from '../../../src/core/errors.ts';
import type { KeyPlace } from '../../../src/ops/signing/signer.ts';
import { debianProgram } from '../../support/debian-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-age-'));
const at = (name: string) => join(folder, name);
const variables: Record<string, string> = {};
const open = (place: KeyPlace) => openIdentity(place, { variables, folder });
const fromFile = (file: string) => open({ kind: 'file', file });
const dataKey = newDataKey();
const commitment = keyCommitment(dataKey);
const recipients: string[] = [];
const write = (name: string, text: string, mode = 0o600) => (writeFileSync(at(name), text, { mode }), chmodSync(at(name), mode));
const secretOf = (name: string) => readFileSync(at(name), 'utf8').split('\n')[2] ?? '';
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (thrown: unknown) =>
      thrown instanceof DbctlError ? { code: thrown.code, message: thrown.message, hint: thrown.hint } : thrown,
  );

beforeAll(async () => {
  for (const name of ['ann', 'bob', 'eve']) recipients.push(await createIdentity(at(name), new Date('2026-11-21T09:00:00Z')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an identity', () => {
  it('is made in the form of age-keygen, for its owner alone, and never over another file', async () => {
    expect(statSync(at('ann')).mode & 0o777).toBe(0o600);
    expect(readFileSync(at('ann'), 'utf8')).toMatch(
      /^# created: 2026-11-21T09:00:00\.000Z\n# public key: age1[02-9ac-hj-np-z]{58}\nAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\n$/,
    );
    expect(new Set(recipients).size).toBe(3);
    expect(await failure(createIdentity(at('ann'), new Date()))).toEqual({
      code: 'refused',
      message: `${at('ann')} is there already`,
      hint: 'A key is never overwritten: name another file.',
    });
  });

  it.each<[string, () => KeyPlace, string, string]>([
    ['no file', () => ({ kind: 'file', file: 'none' }), 'refused', 'no identity to open the backup with: none is not there'],
    ['a folder', () => ({ kind: 'file', file: '.' }), 'refused', 'no identity to open the backup with: . is not a file'],
    [
      'a file others may read',
      () => (write('open', readFileSync(at('ann'), 'utf8'), 0o640), { kind: 'file', file: 'open' }),
      'secret.exposed',
      'others may read the identity in open: its mode is 640',
    ],
    [
      'an empty file',
      () => (write('empty', '# nothing\n\n'), { kind: 'file', file: 'empty' }),
      'refused',
      'no identity to open the backup with: empty holds no identity of age, or something else beside it',
    ],
    [
      'an identity with a letter changed',
      () => (
        write(
          'typo',
          secretOf('ann').replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q')),
        ),
        { kind: 'file', file: 'typo' }
      ),
      'refused',
      'no identity to open the backup with: typo holds no identity of age, or something else beside it',
    ],
    [
      'an identity of a plugin',
      () => (write('plugin', 'AGE-PLUGIN-YUBIKEY-1QGP3KSQPZ9TX8YTSHSM'), { kind: 'file', file: 'plugin' }),
      'refused',
      'no identity to open the backup with: plugin holds no identity of age, or something else beside it',
    ],
    [
      'no variable',
      () => ({ kind: 'variable', variable: 'LAB_IDENTITY' }),
      'refused',
      'no identity to open the backup with: the variable LAB_IDENTITY is not set',
    ],
    [
      'a recipient instead of it',
      () => ((variables['LAB_PUBLIC'] = recipients[0] as string), { kind: 'variable', variable: 'LAB_PUBLIC' }),
      'refused',
      'no identity to open the backup with: the variable LAB_PUBLIC holds no identity of age, or something else beside it',
    ],
  ])('refuses %s', async (_what, place, code, message) => {
    const found = await failure(open(place()));
    expect(found).toMatchObject({ code, message });
    expect(JSON.stringify(found)).not.toContain(secretOf('ann').slice(20, 40));
  });
});

describe('a wrapped data key', () => {
  const wrap = (...who: readonly number[]) =>
    wrapKey(
      dataKey,
      who.map((one) => recipients[one] as string),
    );

  it('opens for each of its recipients, and for nobody else', async () => {
    const wrapped = await wrap(0, 1);
    expect(wrapped).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n[^]+\n-----END AGE ENCRYPTED FILE-----\n$/);
    for (const name of ['ann', 'bob']) {
      expect((await unwrapKey(wrapped, await fromFile(name), commitment)).equals(dataKey)).toBe(true);
    }
    expect(await failure(unwrapKey(wrapped, await fromFile('eve'), commitment))).toEqual({
      code: 'refused',
      message: 'eve does not open key.age: it was wrapped for others',
      hint: 'The manifest lists the recipients: bring the identity of one of them.',
    });
  });

  it('opens by a variable, and by any of several identities', async () => {
    variables['LAB_IDENTITIES'] = `${readFileSync(at('eve'), 'utf8')}\n${readFileSync(at('bob'), 'utf8')}`;
    const identity = await open({ kind: 'variable', variable: 'LAB_IDENTITIES' });
    expect((await unwrapKey(await wrap(1), identity, commitment)).equals(dataKey)).toBe(true);
  });

  it('of another backup is its own error, and so is a damaged one', async () => {
    const ann = await fromFile('ann');
    const other = await wrapKey(newDataKey(), [recipients[0] as string]);
    expect(await failure(unwrapKey(other, ann, commitment))).toMatchObject({
      code: 'backup.failed',
      message: 'key.age holds the key of another backup',
    });
    const wrapped = await wrap(0);
    const damaged = ['', 'age', wrapped.slice(0, -40), wrapped.replace(/\n.{40}/, '\n'), wrapped.replace('BEGIN', 'START')];
    for (const text of damaged) {
      expect(await failure(unwrapKey(text, ann, commitment)), text).toMatchObject({
        code: 'backup.failed',
        message: 'key.age is damaged, or no armored age file with a data key in it',
      });
    }
  });

  it('opens with no character of it changed', async () => {
    const ann = await fromFile('ann');
    const wrapped = await wrap(0);
    const from = wrapped.indexOf('\n') + 1;
    for (let place = from; place < wrapped.indexOf('\n-----END'); place += 7) {
      if (wrapped[place] === '\n') continue;
      const changed = `${wrapped.slice(0, place)}${wrapped[place] === 'A' ? 'B' : 'A'}${wrapped.slice(place + 1)}`;
      expect(await failure(unwrapKey(changed, ann, commitment)), `character ${place}`).not.toBeNull();
    }
  });

  it('is wrapped for others by who can open it', async () => {
    const rotated = await rewrapKey(await wrap(0), await fromFile('ann'), commitment, [recipients[1] as string]);
    expect((await unwrapKey(rotated, await fromFile('bob'), commitment)).equals(dataKey)).toBe(true);
    expect(await failure(unwrapKey(rotated, await fromFile('ann'), commitment))).toMatchObject({ code: 'refused' });
    await expect(rewrapKey(rotated, await fromFile('ann'), commitment, recipients)).rejects.toThrow('ann does not open key.age');
  });

  it.each([
    ['age1', 'not a recipient of age: age1'],
    [`age1${'q'.repeat(58)}`, `not a recipient of age: age1${'q'.repeat(58)}`],
    ['ssh-ed25519 AAAAC3', 'not a recipient of age: what stands there'],
    ['AGE-SECRET-KEY-1CANARY', 'not a recipient of age: what stands there'],
  ])('is not wrapped for %j', async (recipient, message) => {
    expect(await failure(wrapKey(dataKey, [recipient]))).toMatchObject({ code: 'config.invalid', message });
  });
});

describe('a command that opens the key', () => {
  const command = (script: string) => open({ kind: 'command', command: [process.execPath, '-e', script] });
  const answer = (text: string) => `process.stdin.resume().on('end', () => process.stdout.write(${JSON.stringify(text)}))`;

  it('is given the wrapped key and believed when its answer fits the commitment', async () => {
    const wrapped = await wrapKey(dataKey, [recipients[0] as string]);
    const seen = at('seen');
    const identity = await command(
      `process.stdin.pipe(require('fs').createWriteStream(${JSON.stringify(seen)})).on('close', () => process.stdout.write(${JSON.stringify(dataKeyText(dataKey))}))`,
    );
    expect((await unwrapKey(wrapped, identity, commitment)).equals(dataKey)).toBe(true);
    expect(readFileSync(seen, 'utf8')).toBe(wrapped);
    const other = await command(answer(dataKeyText(newDataKey())));
    await expect(unwrapKey(wrapped, other, commitment)).rejects.toThrow('key.age holds the key of another backup');
  });

  it.each([
    ['says something else', answer('hello'), 'answered with something that is no data key'],
    ['fails', 'process.stderr.write("canary"); process.exit(3)', 'did not open it: exit 3'],
    ['says too much', answer('x'.repeat(5000)), 'did not open it: its answer has more than 4096 characters'],
  ])('is refused when it %s', async (_what, script, why) => {
    const identity = await command(script);
    expect(await failure(unwrapKey('', identity, commitment))).toEqual({
      code: 'refused',
      message: `key.age cannot be opened: ${process.execPath} ${why}`,
      hint: 'Run the command of backup.encryption.identity by hand: key.age on its standard input, the data key on its standard output.',
    });
  });
});

describe('the age program', () => {
  const age = debianProgram('age');
  const run = (args: readonly string[], input = '') => {
    const { status, stdout, stderr } = spawnSync(age ?? '', args, { input, encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`age ${args.join(' ')}: ${stderr}`);
    return stdout;
  };

  // On a machine without Debian packages, or without their archive, there is no age to try it with.
  it.skipIf(age === null)('opens what dbctl wrapped, and dbctl what it wrapped', async () => {
    expect(run(['--decrypt', '--identity', 'bob'], await wrapKey(dataKey, recipients))).toBe(dataKeyText(dataKey));
    const byAge = run(['--armor', '--recipient', recipients[2] as string], dataKeyText(dataKey));
    expect((await unwrapKey(byAge, await fromFile('eve'), commitment)).equals(dataKey)).toBe(true);
  });

  it.skipIf(age === null)('makes identities dbctl opens keys with', async () => {
    const made = spawnSync(join(dirname(age ?? ''), 'age-keygen'), ['-o', 'keygen'], { cwd: folder, encoding: 'utf8' });
    const [recipient = ''] = /age1\S+/.exec(made.stderr) ?? [];
    const wrapped = await wrapKey(dataKey, [recipient]);
    expect((await unwrapKey(wrapped, await fromFile('keygen'), commitment)).equals(dataKey)).toBe(true);
  });

  it.skipIf(age === null)('opens keys for dbctl, which then never sees the identity', async () => {
    const identity = await open({ kind: 'command', command: [age ?? '', '--decrypt', '--identity', at('ann')] });
    expect((await unwrapKey(await wrapKey(dataKey, recipients), identity, commitment)).equals(dataKey)).toBe(true);
    await expect(unwrapKey(await wrapKey(dataKey, [recipients[1] as string]), identity, commitment)).rejects.toThrow(
      `key.age cannot be opened: ${age} did not open it: exit 1`,
    );
  });
});
