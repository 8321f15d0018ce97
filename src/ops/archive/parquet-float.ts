/** From this exponent on the server writes `1e+15` instead of the digits (float_to_shortest_decimal). */
const LONGEST = { float4: 6, float8: 15 } as const;

/**
 * The text the server writes for a value with extra_float_digits = 1: the shortest decimal that is read as this value. JavaScript finds the same
 * one but where it lies just between two values, which it takes for the even one and the server for neither.
 */
export function floatText(value: number, type: keyof typeof LONGEST): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', exponent = ''] = shortest(Math.abs(value), type).split('e');
  return `${value < 0 ? '-' : ''}${arranged(digits.replace('.', ''), Number(exponent), LONGEST[type])}`;
}

function arranged(digits: string, exponent: number, longest: number): string {
  if (exponent < -4 || exponent >= longest) {
    const fraction = digits.length === 1 ? '' : `.${digits.slice(1)}`;
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** Below it, what lies between two values has more than 17 digits, and is nobody's shortest. */
const FIRST_BETWEEN = 2 ** 52;

function shortest(value: number, type: keyof typeof LONGEST): string {
  const written = value.toExponential();
  // A float4 is kept as its own decimal, of nine digits at most: those are what comes out again.
  if (type === 'float4' || value < FIRST_BETWEEN || !liesBetween(written, value)) return written;
  const behindPoint = written.indexOf('e') - (written.includes('.') ? 2 : 1);
  for (let digits = behindPoint + 1; digits < 16; digits += 1) {
    const longer = value.toExponential(digits);
    if (Number(longer) === value && !liesBetween(longer, value)) return longer.replace(/\.?0+e/, 'e');
  }
  return value.toExponential(16);
}

/** True when the decimal is half-way between the value and the one above or below it. */
function liesBetween(written: string, value: number): boolean {
  const [digits = '', exponent = ''] = written.split('e');
  const fraction = digits.split('.')[1] ?? '';
  const power = Number(exponent) - fraction.length;
  if (power < 0) return false;
  const decimal = BigInt(digits.replace('.', '')) * 10n ** BigInt(power);
  const whole = BigInt(value);
  return [BigInt(neighbour(value, 1)), BigInt(neighbour(value, -1))].some((other) => whole + other === decimal * 2n);
}

/** The next value up or down; for positive ones that are not the last. */
function neighbour(value: number, by: 1 | -1): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + BigInt(by));
  const found = bits.getFloat64(0);
  return Number.isFinite(found) ? found : value;
}
