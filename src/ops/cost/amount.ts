/**
 * An exact number: a fraction in lowest terms, its denominator above 0. Money is reckoned with it and rounded once, when it is shown: a float
 * has no tenth, and sums of rounded amounts are not the amount.
 */
export interface Amount {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const NOTHING: Amount = { numerator: 0n, denominator: 1n };

/** `over` is not 0. */
export function fraction(numerator: bigint, over = 1n): Amount {
  const sign = over < 0n ? -1n : 1n;
  const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, over * sign);
  return { numerator: (numerator * sign) / divisor, denominator: (over * sign) / divisor };
}

/** `-12.50` → 12 and a half, below nothing. Fails with RangeError for what is no decimal. */
export function decimal(text: string): Amount {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`not a decimal: ${JSON.stringify(text)}`);
  const [, sign = '', whole = '', places = ''] = match;
  return fraction(BigInt(`${sign}${whole}${places}`), 10n ** BigInt(places.length));
}

export const plus = (a: Amount, b: Amount): Amount =>
  fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);

export const minus = (a: Amount, b: Amount): Amount => plus(a, { ...b, numerator: -b.numerator });

export const times = (a: Amount, b: Amount): Amount => fraction(a.numerator * b.numerator, a.denominator * b.denominator);

/** `b` is not nothing. */
export const dividedBy = (a: Amount, b: Amount): Amount => fraction(a.numerator * b.denominator, a.denominator * b.numerator);

export const sumOf = (amounts: readonly Amount[]): Amount => amounts.reduce(plus, NOTHING);

/** Below 0, 0 or above 0, as `a` is less than `b`, equal to it or more. */
export function compare(a: Amount, b: Amount): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The least whole number that is not less. */
export function roundedUp({ numerator, denominator }: Amount): bigint {
  const quotient = numerator / denominator;
  return numerator > quotient * denominator ? quotient + 1n : quotient;
}

/** Decimal text of so many places, halves away from 0: as the server rounds numeric. */
export function decimalText({ numerator, denominator }: Amount, places: number): string {
  const scaled = (numerator < 0n ? -numerator : numerator) * 10n ** BigInt(places);
  const digits = String((2n * scaled + denominator) / (2n * denominator)).padStart(places + 1, '0');
  const sign = numerator < 0n && /[1-9]/.test(digits) ? '-' : '';
  return places === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [large, small] = [a, b];
  while (small !== 0n) [large, small] = [small, large % small];
  return large;
}
