import type { CopyText } from './parquet-text.ts';

const DAY = 86_400_000_000;

/** `2026-11-21 09:15:00.123456+00`, `0044-03-15 BC`: as the server writes them with datestyle ISO and timezone UTC. */
const WRITTEN = /^(\d{4,7})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?)?( BC)?$/;

/** Microseconds since 1970 of a timestamp; undefined: it is infinite, or in the last 29 years PostgreSQL has, which counts from 2000. */
export function microsOf(text: string): bigint | undefined {
  const match = WRITTEN.exec(text);
  if (match === null) return undefined;
  const [, , , , hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const micros = seconds * 1_000_000 + Number(fraction.padEnd(6, '0'));
  const days = daysOfMatch(match);
  // A double counts the microseconds of 285 years one by one, and is faster.
  if (days > -100_000 && days < 100_000) return BigInt(days * DAY + micros);
  const exact = BigInt(days) * BigInt(DAY) + BigInt(micros);
  return exact === BigInt.asIntN(64, exact) ? exact : undefined;
}

/** Days since 1970; undefined: it is infinite. */
export function daysOf(text: string): number | undefined {
  const match = WRITTEN.exec(text);
  return match === null ? undefined : daysOfMatch(match);
}

function daysOfMatch([, year, month, day, , , , , bc]: RegExpExecArray): number {
  return daysFromCivil(bc === undefined ? Number(year) : 1 - Number(year), Number(month), Number(day));
}

/** Adds what the server writes for so many microseconds since 1970. */
export function addTimestamp(text: CopyText, micros: number | bigint, zone: boolean): void {
  const days = typeof micros === 'number' ? Math.floor(micros / DAY) : Number(floorDivide(micros, BigInt(DAY)));
  const rest = typeof micros === 'number' ? micros - days * DAY : Number(micros - BigInt(days) * BigInt(DAY));
  const isBeforeChrist = addCivil(text, days);
  addClock(text, rest);
  if (zone) text.latin1('+00');
  if (isBeforeChrist) text.latin1(' BC');
}

/** Adds what the server writes for so many days since 1970. */
export function addDate(text: CopyText, days: number): void {
  if (addCivil(text, days)) text.latin1(' BC');
}

/** ` 09:15:00.123456`, of the microseconds of a day. */
function addClock(text: CopyText, micros: number): void {
  const seconds = Math.floor(micros / 1_000_000);
  text.char(' ');
  text.digits(Math.floor(seconds / 3600), 2);
  text.char(':');
  text.digits(Math.floor(seconds / 60) % 60, 2);
  text.char(':');
  text.digits(seconds % 60, 2);
  let fraction = micros % 1_000_000;
  if (fraction === 0) return;
  let width = 6;
  for (; fraction % 10 === 0; fraction /= 10) width -= 1;
  text.char('.');
  text.digits(fraction, width);
}

const floorDivide = (value: bigint, by: bigint): bigint => (value < 0n ? (value - by + 1n) / by : value / by);

/** Days in 400 years of the Gregorian calendar, which then begins anew. */
const ERA = 146_097;

/** Days from 0000-03-01 to 1970-01-01: years are counted from March, so that the leap day is their last. */
const EPOCH = 719_468;

function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * ERA + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - EPOCH;
}

/** Adds the date; true: of a year before Christ, which is said at the end. */
function addCivil(text: CopyText, days: number): boolean {
  const z = days + EPOCH;
  const era = Math.floor(z / ERA);
  const ofEra = z - era * ERA;
  const y = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * y + Math.floor(y / 4) - Math.floor(y / 100));
  const m = Math.floor((5 * ofYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  const year = y + era * 400 + (month <= 2 ? 1 : 0);
  text.digits(year > 0 ? year : 1 - year, 4);
  text.char('-');
  text.digits(month, 2);
  text.char('-');
  text.digits(ofYear - Math.floor((153 * m + 2) / 5) + 1, 2);
  return year <= 0;
}
