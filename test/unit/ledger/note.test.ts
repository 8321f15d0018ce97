import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointText, parseCheckpoint } from '../../../src/ops/ledger/checkpoint-text.ts';
import { openNote, signNote } from '../../../src/ops/signing/note.ts';
import { createSignerKey, openSigner, type KeyPlace, type Signer } from '../../../src/ops/signing/signer.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-note-'));
const context = { variables: {} as Record<string, string>, folder };
const open = (key: KeyPlace, name = 'lab-ledger', publicKeys: readonly string[] = []) =>
  openSigner({ name, key, publicKeys }, context);
let signer: Signer;
let other: Signer;
const checkpoint = { origin: 'dbctl/7123/lab/1', size: 3, root: Buffer.alloc(32, 7), extensions: { epoch: '1', xid: '0 9' } };

beforeAll(async () => {
  await createSignerKey(join(folder, 'a.key'), 'lab-ledger');
  await createSignerKey(join(folder, 'b.key'), 'lab-ledger');
  signer = await open({ kind: 'file', file: 'a.key' });
  other = await open({ kind: 'file', file: 'b.key' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a signed note', () => {
  it('reads back what was written, and says who signed', async () => {
    const text = checkpointText(checkpoint);
    expect(text).toBe(`dbctl/7123/lab/1\n3\n${Buffer.alloc(32, 7).toString('base64')}\nepoch 1\nxid 0 9\n`);
    const note = await signNote(text, signer);
    expect(note).toMatch(/^dbctl[^]+\n\n— lab-ledger [A-Za-z0-9+/]+=*\n$/);
    const opened = openNote(note, [other.verifierKey, signer.verifierKey]);
    expect(opened).toEqual({ text, signedBy: ['lab-ledger'] });
    expect(parseCheckpoint(opened.text)).toEqual(checkpoint);
  });

  it('is good under any byte of it only as it was signed', async () => {
    const note = await signNote(checkpointText(checkpoint), signer);
    for (let at = 0; at < note.length; at += 1) {
      const changed = `${note.slice(0, at)}${note[at] === 'A' ? 'B' : 'A'}${note.slice(at + 1)}`;
      expect(() => openNote(changed, [signer.verifierKey]), `byte ${at}`).toThrow('the note is not to be trusted');
    }
  });

  it.each([
    ['', 'it has no signature'],
    ['text\n', 'it has no signature'],
    ['text\n\nno dash\n', 'one of its signature lines is none'],
    ['text\n\n— lab-ledger AAAA\n', 'one of its signature lines is none'],
  ])('refuses %j', (note, why) => {
    expect(() => openNote(note, [signer.verifierKey])).toThrow(`the note is not to be trusted: ${why}`);
  });

  it('passes over keys it does not know, as long as one it knows has signed', async () => {
    const text = checkpointText(checkpoint);
    const both = `${await signNote(text, signer)}${(await signNote(text, other)).split('\n\n')[1]}`;
    expect(openNote(both, [other.verifierKey]).signedBy).toEqual(['lab-ledger']);
    await expect(signNote(text, other).then((note) => openNote(note, [signer.verifierKey]))).rejects.toThrow(
      'none of its signatures is of a known key',
    );
  });

  it.each(['a\nb', 'a\u0000', ''])('refuses to write the line %j', (line) => {
    expect(() => checkpointText({ ...checkpoint, origin: line })).toThrow('not a line of a note');
  });

  it.each([
    '',
    'a\n1\n',
    'a\n01\nAAAA\n',
    `a\n1\n${Buffer.alloc(31).toString('base64')}\n`,
    `a\n-1\n${Buffer.alloc(32).toString('base64')}\n`,
  ])('does not read %j as a checkpoint', (text) => {
    expect(() => parseCheckpoint(text)).toThrow('not the text of a checkpoint');
  });
});

describe('a signing key', () => {
  it('is written for its owner alone, and never over another', async () => {
    expect(statSync(join(folder, 'a.key')).mode & 0o777).toBe(0o600);
    const before = readFileSync(join(folder, 'a.key'), 'utf8');
    await expect(createSignerKey(join(folder, 'a.key'), 'x')).rejects.toThrow('a.key is there already');
    expect(readFileSync(join(folder, 'a.key'), 'utf8')).toBe(before);
  });

  it('others may read is refused', async () => {
    writeFileSync(join(folder, 'open.key'), readFileSync(join(folder, 'a.key')), { mode: 0o640 });
    chmodSync(join(folder, 'open.key'), 0o640);
    await expect(open({ kind: 'file', file: 'open.key' })).rejects.toMatchObject({
      code: 'secret.exposed',
      message: 'others may read the signing key in open.key: its mode is 640',
    });
  });

  it('comes from a variable, as PEM or as a seed', async () => {
    const pem = readFileSync(join(folder, 'a.key'), 'utf8');
    context.variables['PEM'] = pem;
    context.variables['SEED'] = Buffer.alloc(32, 1).toString('base64');
    expect((await open({ kind: 'variable', variable: 'PEM' })).verifierKey).toBe(signer.verifierKey);
    const seeded = await open({ kind: 'variable', variable: 'SEED' });
    expect(openNote(await signNote('x\n', seeded), [seeded.verifierKey]).signedBy).toEqual(['lab-ledger']);
  });

  it.each([
    [{ kind: 'variable', variable: 'NONE' }, 'the variable NONE is not set'],
    [{ kind: 'variable', variable: 'SHORT' }, 'the variable SHORT holds no Ed25519 private key'],
    [{ kind: 'variable', variable: 'RSA' }, 'the variable RSA holds no Ed25519 private key'],
    [{ kind: 'file', file: 'none.key' }, 'none.key is not there'],
  ] as const)('%j is refused, and is in no message', async (key, why) => {
    context.variables['SHORT'] = 'c2VjcmV0LWNhbmFyeQ==';
    context.variables['RSA'] = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    }) as string;
    const error = (await open(key).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toBe(`no key to sign with: ${why}`);
    expect(JSON.stringify(error)).not.toContain('c2VjcmV0');
  });

  it('of an external command signs, and a command that signs with another key is found out', async () => {
    const script = join(folder, 'sign.mjs');
    writeFileSync(
      script,
      `import { sign, createPrivateKey } from 'node:crypto'; import { readFileSync } from 'node:fs';
const key = createPrivateKey(readFileSync(process.argv[2])); process.stdout.write(sign(null, readFileSync(0), key).toString('base64') + '\\n');`,
    );
    const command = (file: string) => ({ kind: 'command', command: [process.execPath, script, join(folder, file)] }) as const;
    const good = await open(command('a.key'), 'lab-ledger', [signer.verifierKey]);
    expect(openNote(await signNote('x\n', good), [signer.verifierKey]).signedBy).toEqual(['lab-ledger']);
    const bad = await open(command('b.key'), 'lab-ledger', [signer.verifierKey]);
    await expect(signNote('x\n', bad)).rejects.toThrow('answered with a signature that is not one of lab-ledger');
    const none = await open({ kind: 'command', command: ['/nonexistent/signer'] }, 'lab-ledger', [signer.verifierKey]);
    await expect(signNote('x\n', none)).rejects.toThrow('/nonexistent/signer did not sign');
    await expect(open(command('a.key'), 'lab-ledger', [])).rejects.toThrow(
      'ledger.public_keys has no key of the name lab-ledger',
    );
  });
});
