import { describe, expect, it } from 'vitest';
import { strayHolds } from '../../../src/ops/backup/holds.ts';

const ONE = 'lab-20261101T030000000Z-0000';
const TWO = 'lab-20261102T030000000Z-0001';
const said = (name: string) => strayHolds('nightly', new Map([[name, 'audit']]), [ONE, TWO]).map(({ message }) => message);

describe('a hold that is of no backup', () => {
  it.each<[string, string, string]>([
    ['an ending', `${ONE}.txt`, `the hold on ${ONE}.txt is of no backup of nightly: did you mean ${ONE}?`],
    [
      'a letter',
      'lba-20261102T030000000Z-0001',
      `the hold on lba-20261102T030000000Z-0001 is of no backup of nightly: did you mean ${TWO}?`,
    ],
    ['cut short', 'lab-20261102', `the hold on lab-20261102 is of no backup of nightly: did you mean ${TWO}?`],
    ['cut so short that it may be either', 'lab-202611', 'the hold on lab-202611 is of no backup of nightly'],
    [
      'another one altogether',
      'shop-20260101T000000000Z-ffff',
      'the hold on shop-20260101T000000000Z-ffff is of no backup of nightly',
    ],
    ['a folder', `${ONE}/`, `.holds/${ONE}/ of nightly is a folder, and a hold is a file`],
  ])('is told, and what may have been meant: %s', (_name, hold, message) => {
    expect(said(hold)).toEqual([message]);
  });

  it('is none where it has the name of one', () => {
    expect(said(TWO)).toEqual([]);
  });
});
