const UNITS = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 } as const;

/** `10GB` → 10737418240: a whole number with one of PostgreSQL's units, in powers of 1024 as it counts them. Throws a RangeError. */
export function parseBytes(text: string): number {
  const match = /^(\d{1,12}) ?(B|kB|MB|GB|TB)$/.exec(text);
  const size = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  if (!Number.isSafeInteger(size)) throw new RangeError(`expected a size such as 512MB or 10GB, not ${JSON.stringify(text)}`);
  return size;
}

/** 10737418240 → `10 GB`, as pg_size_pretty would: in the unit that leaves at least ten of it. */
export function bytesText(bytes: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => Math.abs(bytes) >= 10 * size) ?? (['B', 1] as const);
  return `${Math.round(bytes / size)} ${unit}`;
}
