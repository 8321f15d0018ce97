import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suggest } from '../../../src/core/suggest.ts';

const KEYS = ['folder', 'table', 'lock_timeout', 'lock_retries', 'lock_wait', 'statement_timeout'];

describe('suggest', () => {
  it.each([
    ['a letter missing', 'lock_timout', 'lock_timeout'],
    ['a letter too many', 'ffolder', 'folder'],
    ['a wrong letter', 'tabel', 'table'],
    ['two letters swapped', 'lokc_wait', 'lock_wait'],
    ['case and underscores', 'LockRetries', 'lock_retries'],
    ['dashes', 'statement-timeout', 'statement_timeout'],
    ['several slips in a long word', 'statment_timout', 'statement_timeout'],
  ])('%s', (_name, word, expected) => {
    expect(suggest(word, KEYS)).toBe(expected);
  });

  it.each([
    ['another word', 'retention', KEYS],
    ['one letter, which is near to every other', 'x', ['a', 'b', 'ab']],
    ['nothing', '', ['', 'a']],
    ['four slips, however long the words', 'dev_database_url', ['prod_database_url']],
    ['pasted text', 'a'.repeat(10_000), ['a'.repeat(9999)]],
    ['no candidates', 'folder', []],
  ])('knows nothing for %s', (_name, word, candidates) => {
    expect(suggest(word, candidates)).toBe(undefined);
  });

  it('prefers the nearest, and of equals the first', () => {
    expect(suggest('lock_timeou', ['lock_timer', 'lock_timeout'])).toBe('lock_timeout');
    expect(suggest('cat', ['car', 'cab'])).toBe('car');
  });

  it('finds a word again after any single slip', () => {
    const word = fc.constantFrom('statement_timeout', 'system_identifier', 'environments');
    fc.assert(
      fc.property(word, fc.nat({ max: 11 }), fc.constantFrom('drop', 'double', 'swap', 'change'), (key, at, slip) => {
        const [before, letter, next, after] = [key.slice(0, at), key.charAt(at), key.charAt(at + 1), key.slice(at + 2)];
        const slipped = {
          drop: before + next + after,
          double: before + letter + letter + next + after,
          swap: before + next + letter + after,
          change: `${before}#${next}${after}`,
        };
        expect(suggest(slipped[slip], ['project', key, 'verify'])).toBe(key);
      }),
    );
  });
});
