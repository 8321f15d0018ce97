import { decimalText, type Amount } from './amount.ts';

/** What an amount is rounded to, once, where programs read it: as lab sessions are costed. */
const PLACES = 6;

/** `12.340000`, for programs. */
export const exactText = (amount: Amount): string => decimalText(amount, PLACES);

/** For people: `12.34`; of what is less than one as many places as show it, at most six; `unknown` for null. */
export function moneyText(amount: Amount | null): string {
  if (amount === null) return 'unknown';
  const { numerator, denominator } = amount;
  if (numerator === 0n) return '0.00';
  const cents = decimalText(amount, 2);
  if ((numerator < 0n ? -numerator : numerator) >= denominator) return cents;
  const fine = decimalText(amount, PLACES);
  if (!/[1-9]/.test(fine)) return numerator < 0n ? '-0.00' : '0.00';
  // Two digits that say something: 0.14, 0.0042, 0.000031.
  const zeros = /^-?0\.(0*)/.exec(fine)?.[1]?.length ?? 0;
  return decimalText(amount, Math.min(PLACES, Math.max(2, zeros + 2)));
}
