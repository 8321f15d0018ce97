import { describe, expect, test } from 'vitest';
import { chooseLogin } from '../../../src/ops/roles/password/choose-login.ts';

type Given = Parameters<typeof chooseLogin>[0]['logins'][number];

const scram = { kind: 'scram', iterations: 4096 } as const;
const given = (login: string, more: Partial<Given> = {}): Given => ({
  login,
  sessions: 0,
  rotatedAt: null,
  expired: false,
  validUntil: null,
  password: scram,
  ...more,
});

const choose = (logins: readonly Given[], wish: Partial<Parameters<typeof chooseLogin>[1]> = {}): string =>
  chooseLogin({ role: 'app', logins }, { login: undefined, evenInUse: false, ...wish });

describe('which login is changed', () => {
  test.each<[string, Given[], string]>([
    ['the one without sessions', [given('a', { sessions: 3 }), given('b')], 'b'],
    ['the first where neither was ever changed', [given('a'), given('b')], 'a'],
    [
      'the one that was not changed last',
      [given('a', { rotatedAt: '2026-11-02' }), given('b', { rotatedAt: '2026-11-01' })],
      'b',
    ],
    ['the one that was never changed', [given('a', { rotatedAt: '2026-11-02' }), given('b')], 'b'],
    [
      'sessions count before records',
      [given('a', { rotatedAt: '2026-11-02' }), given('b', { sessions: 1, rotatedAt: '2026-11-01' })],
      'a',
    ],
    ['the one without a password, where nothing is recorded', [given('a'), given('b', { password: { kind: 'none' } })], 'b'],
    ['the only one, while it has no password', [given('a', { password: { kind: 'none' } })], 'a'],
  ])('%s', (_what, logins, expected) => {
    expect(choose(logins)).toBe(expected);
  });

  test.each<[string, Given[], { login?: string; evenInUse?: boolean }, string]>([
    ['both in use', [given('a', { sessions: 1 }), given('b', { sessions: 2 })], {}, 'a is in use (sessions: a 1, b 2)'],
    ['named and in use', [given('a', { sessions: 1 }), given('b')], { login: 'a' }, 'a is in use (sessions: a 1, b 0)'],
    ['the only one', [given('a')], {}, 'app has one login, so that changing its password locks out whoever has the old one'],
    [
      'the only one, whose password may not be seen',
      [given('a', { password: null })],
      {},
      'app has one login, so that changing its password locks out whoever has the old one',
    ],
    [
      'the only one, which logs in without a password',
      [given('a', { password: { kind: 'none' }, sessions: 1 })],
      {},
      'app has one login, so that changing its password locks out whoever has the old one',
    ],
    ['not one of them', [given('a'), given('b')], { login: 'c' }, 'c is no login of app'],
    [
      'over, whatever was said',
      [given('a', { expired: true, validUntil: '2020-01-01' })],
      { evenInUse: true },
      'the password of a is good until 2020-01-01 only, which is over',
    ],
  ])('is refused: %s', (_what, logins, wish, message) => {
    expect(() => choose(logins, wish)).toThrow(message);
  });

  test('is one in use where that is said', () => {
    expect(choose([given('a', { sessions: 1 }), given('b', { sessions: 2 })], { evenInUse: true })).toBe('a');
    expect(choose([given('a', { sessions: 1 }), given('b')], { login: 'a', evenInUse: true })).toBe('a');
  });
});
