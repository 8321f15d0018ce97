import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { literal } from '../../../../src/db/ident.ts';
import { withSession } from '../../../../src/db/session.ts';
import { changePassword } from '../../../../src/ops/roles/password/change-password.ts';
import { tryLogin } from '../../../../src/ops/roles/password/prove-login.ts';
import {
  isVerifierOf,
  makeVerifier,
  parseVerifier,
  passwordKind,
  verifierText,
} from '../../../../src/ops/roles/password/verifier.ts';
import { onServer } from '../../../support/connection.ts';
import { startServer, type TestServer } from '../../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings: { scram_iterations: '4096', log_statement: 'none' } });
  await onServer(server.url(), 'create role probe login', 'create role other login');
});
afterAll(() => server.stop());

/**
 * Passwords whose preparation is not the same by every reading of RFC 4013. Those marked are prepared otherwise by our driver (see connect.ts),
 * so that psql gets in with them and we do not.
 */
const ODD: readonly (readonly [what: string, password: string, driver?: 'other'])[] = [
  ['ASCII', 'correct horse battery staple'],
  ['quotes and backslashes', `it's "quoted" \\ and %s $1`],
  ['a control character in ASCII, which is left alone', 'tab\there'],
  ['leading and trailing blanks', '  two  '],
  ['a thousand characters', 'x'.repeat(1_000)],
  ['three thousand bytes of UTF-8', '密'.repeat(1_000)],
  ['precomposed', 'caf\u00e9'],
  ['decomposed, which is composed', 'cafe\u0301'],
  ['a ligature', '\ufb01nance'],
  ['roman numeral nine', '\u2168'],
  ['superscript', 'x\u00b2'],
  ['no-break space', 'a\u00a0b'],
  ['ideographic space', 'a\u3000b'],
  ['zero width space, in two tables', 'a\u200bb'],
  ['soft hyphen, which is dropped', 'I\u00adX'],
  ['zero width joiner', 'a\u200db'],
  ['what is prohibited once it is normalized, which the server does not ask', '\ufe71'],
  ['nothing but what is dropped, so that nothing is', '\u00ad\u200d', 'other'],
  ['an emoji, newer than Unicode 3.2', '🐘elephant'],
  ['newer than Unicode 3.2, and a ligature that then stays', '\ufb01🐘', 'other'],
  ['private use', 'a\ue000\ufb01', 'other'],
  ['a control character beyond ASCII', 'a\u0085\ufb01', 'other'],
  ['Hebrew', '\u05e9\u05dc\u05d5\u05dd'],
  ['Arabic with a digit at the end, which is prohibited', '\u0627\u0031\ufb01', 'other'],
  ['Hebrew and Latin mixed, which is prohibited', '\u05e9a\ufb01', 'other'],
  ['Arabic ligature that is taken apart', '\ufdfa'],
];

const SAME_FOR_US = ODD.filter(([, , driver]) => driver === undefined).map(([what, password]) => [what, password] as const);

describe('a verifier', () => {
  test.each(ODD.map(([what, password]) => [what, password] as const))(
    'is the server’s own for the same salt: %s',
    async (_what, password) => {
      expect(await ofServer(password)).toEqual(await ofOurs(password));
    },
  );

  test('is the server’s own for passwords made by chance', async () => {
    const character = fc.oneof(
      fc.integer({ min: 0x20, max: 0x2ff }),
      fc.integer({ min: 0x590, max: 0x6ff }),
      fc.integer({ min: 0x2000, max: 0x33ff }),
      fc.integer({ min: 0xf900, max: 0xffff }),
      fc.integer({ min: 0x1d400, max: 0x1f6ff }),
    );
    const passwords = fc
      .array(character, { minLength: 1, maxLength: 6 })
      .map((codePoints) => String.fromCodePoint(...codePoints));
    await withSession(server.target(), { access: 'write' }, async (session) => {
      // Rounds cost time, and change nothing about how passwords are prepared.
      await session.script('set scram_iterations = 1');
      for (let again = 0; again < 20; again += 1) {
        const some = fc.sample(passwords, 200);
        const stored = await session.script(
          some.map((one) => `alter role probe password ${literal(one)}; ${OF_PROBE}`).join(';'),
        );
        const theirs = stored.flatMap(({ rows }) => rows as { stored: string }[]).map((row) => row.stored);
        const ours = await Promise.all(
          some.map(async (one, index) => verifierText(await makeVerifier(one, 1, parseVerifier(theirs[index] ?? '')?.salt))),
        );
        some.forEach((one, index) => expect(ours[index], JSON.stringify(one)).toBe(theirs[index]));
      }
    });
  });

  test.each(SAME_FOR_US)('lets its password in, and no other: %s', async (_what, password) => {
    await withSession(server.target(), { access: 'write' }, (session) => changePassword(session, 'other', password));
    const { signal } = new AbortController();
    expect(await tryLogin(server.target(), 'other', password, signal)).toEqual({ verdict: 'works' });
    expect(await tryLogin(server.target(), 'other', `${password}!`, signal)).toMatchObject({ verdict: 'refused' });
  });

  test('has the rounds of the server, and a salt of its own', async () => {
    await withSession(server.target(), { access: 'write' }, async (session) => {
      await session.script('set scram_iterations = 8192');
      const seen = new Set<string>();
      for (let again = 0; again < 3; again += 1) {
        await changePassword(session, 'other', 'the same');
        const [row] = await session.rows<{ stored: string }>(STORED, ['other']);
        expect(passwordKind(row?.stored ?? null)).toEqual({ kind: 'scram', iterations: 8192 });
        seen.add(row?.stored ?? '');
      }
      expect(seen.size).toBe(3);
    });
  });

  test('is told from one of another password without a login', async () => {
    const verifier = await makeVerifier('one', 4096);
    expect(await isVerifierOf(verifier, 'one')).toBe(true);
    for (const other of ['One', 'one ', '', 'o\0ne']) expect(await isVerifierOf(verifier, other), other).toBe(false);
  });
});

describe('what pg_authid holds', () => {
  test.each([
    [null, { kind: 'none' }],
    ['md5d41d8cd98f00b204e9800998ecf8427e', { kind: 'md5' }],
    ['md5D41D8CD98F00B204E9800998ECF8427E', { kind: 'other' }],
    ['SCRAM-SHA-256$4096:c2FsdA==$short:keys', { kind: 'other' }],
    ['plain', { kind: 'other' }],
  ])('%s', (stored, kind) => {
    expect(passwordKind(stored)).toEqual(kind);
  });

  test('a password nobody can have is refused', async () => {
    expect(() => makeVerifier('', 4096)).toThrow('a password cannot be empty');
    expect(() => makeVerifier('a\0b', 4096)).toThrow('a password cannot contain a NUL character');
  });
});

const OF_PROBE = `select a.rolpassword as stored from pg_catalog.pg_authid a where a.rolname = 'probe'`;
const STORED = 'select a.rolpassword as stored from pg_catalog.pg_authid a where a.rolname = $1';

async function ofServer(password: string): Promise<string> {
  return withSession(server.target(), { access: 'write' }, async (session) => {
    await session.script(`alter role probe password ${literal(password)}`);
    const [row] = await session.rows<{ stored: string }>(STORED, ['probe']);
    return row?.stored ?? '';
  });
}

/** With the salt of what the server made last. */
async function ofOurs(password: string): Promise<string> {
  return withSession(server.target(), { access: 'read' }, async (session) => {
    const [row] = await session.rows<{ stored: string }>(STORED, ['probe']);
    const theirs = parseVerifier(row?.stored ?? '');
    return verifierText(await makeVerifier(password, theirs?.iterations ?? 0, theirs?.salt));
  });
}
