import { describe, expect, it } from 'vitest';
import {
  compare,
  decimal,
  decimalText,
  dividedBy,
  fraction,
  minus,
  NOTHING,
  plus,
  roundedUp,
  sumOf,
  times,
} from '../../../src/ops/cost/amount.ts';
import { exactText, moneyText } from '../../../src/ops/cost/money.ts';

const text = (amount: ReturnType<typeof decimal>, places = 6) => decimalText(amount, places);

describe('an amount', () => {
  it('is exact where a float is not', () => {
    expect(text(plus(decimal('0.1'), decimal('0.2')), 20)).toBe('0.30000000000000000000');
    expect(text(sumOf(Array.from({ length: 10 }, () => decimal('0.1'))), 18)).toBe('1.000000000000000000');
    expect(text(times(dividedBy(decimal('1'), decimal('3')), decimal('3')), 30)).toBe(`1.${'0'.repeat(30)}`);
    expect(compare(minus(decimal('0.3'), decimal('0.1')), decimal('0.2'))).toBe(0);
  });

  it.each([
    ['0.0000005', '0.000001'],
    ['0.00000049999999999', '0.000000'],
    ['-0.0000005', '-0.000001'],
    ['-0.0000004', '0.000000'],
    ['12345678901234567890.1234565', '12345678901234567890.123457'],
    ['7', '7.000000'],
  ])('%s is rounded as numeric is', (from, to) => {
    expect(text(decimal(from))).toBe(to);
  });

  it('has a least whole number that is not less', () => {
    expect([fraction(7n, 2n), fraction(-7n, 2n), fraction(6n, 2n), NOTHING].map(roundedUp)).toEqual([4n, -3n, 3n, 0n]);
  });

  it('is in lowest terms, its denominator above 0', () => {
    expect(fraction(-6n, -4n)).toEqual({ numerator: 3n, denominator: 2n });
    expect(fraction(6n, -4n)).toEqual({ numerator: -3n, denominator: 2n });
    expect(fraction(0n, -4n)).toEqual(NOTHING);
  });

  it.each(['', '1e3', '.5', '5.', '+1', 'NaN', '1,5', ' 1'])('is not made of %j', (wrong) => {
    expect(() => decimal(wrong)).toThrow(`not a decimal: ${JSON.stringify(wrong)}`);
  });
});

describe('for people', () => {
  it.each([
    ['0', '0.00', '0.000000'],
    ['1234.567', '1234.57', '1234.567000'],
    ['-12.005', '-12.01', '-12.005000'],
    ['0.999999', '1.00', '0.999999'],
    ['0.144', '0.14', '0.144000'],
    ['0.0042', '0.0042', '0.004200'],
    ['0.00004219', '0.000042', '0.000042'],
    ['0.000001', '0.000001', '0.000001'],
    ['0.0000001', '0.00', '0.000000'],
    ['-0.0042', '-0.0042', '-0.004200'],
  ])('%s is %s', (from, people, programs) => {
    expect([moneyText(decimal(from)), exactText(decimal(from))]).toEqual([people, programs]);
  });

  it('what is not known is said so', () => {
    expect(moneyText(null)).toBe('unknown');
  });
});
