import { describe, expect, it } from 'vitest';
import { Redactor, secretOnArgv } from '../../../src/cli/secrets.ts';

describe('secretOnArgv', () => {
  it.each([
    [['verify', 'postgresql://app:hunter22@db/app']],
    [['--config=postgres://app:hunter22@db/app']],
    [['verify', '--password', 'hunter22']],
    [['verify', '--password=hunter22']],
    [['--token=hunter22']],
    [['seed', 'host=db password=hunter22']],
    [['seed', "host=db password = 'hunter22'"]],
  ])('refuses %j without repeating it', (argv) => {
    const error = secretOnArgv(argv);
    expect(error?.code).toBe('secret.on-argv');
    expect(error?.exit).toBe(2);
    expect(`${error?.message} ${error?.hint}`).not.toContain('hunter22');
  });
  it.each([
    [['verify', '--env', 'prod']],
    [['seed', 'postgresql://app@db/app']],
    [['migrate', 'new', 'add password column']],
    [['https://example.org/a:b']],
  ])('lets %j pass', (argv) => expect(secretOnArgv(argv)).toBeUndefined());
});

describe('Redactor', () => {
  const redactor = new Redactor({
    DATABASE_URL: 'postgresql://app:p%40ss%2Fword@db/app',
    PGPASSWORD: 'from-pgpassword',
    CONNINFO: "host=db password='with space'",
    QUERY: 'postgresql://db/app?user=a&password=in-the-query',
    SHORT_TOKEN: 'abc',
    HOME: '/home/app',
  });
  it.each([
    ['written form p%40ss%2Fword', 'written form ***'],
    ['decoded p@ss/word', 'decoded ***'],
    ['a from-pgpassword b', 'a *** b'],
    ['with space', '***'],
    ['in-the-query', '***'],
    ['abc stays: too short to tell from a word', 'abc stays: too short to tell from a word'],
    ['any other postgresql://x:secret@h/d', 'any other postgresql://x:***@h/d'],
  ])('%s', (text, clean) => expect(redactor.text(text)).toBe(clean));
  it('reaches every string of a value, and nothing else', () => {
    expect(redactor.value({ a: ['from-pgpassword', 1, null], b: { c: true } })).toEqual({ a: ['***', 1, null], b: { c: true } });
  });
});
