/**
 * The PostgreSQL release dbctl is built and tested against, in the one place that holds it: the embedded server in
 * package.json, the default of `postgres.version` and the docs follow, and a test compares them.
 *
 * 18.2 (2026-02-12) repairs the overflows CVE-2026-2005, -2006 and -2007 that 18.1 still has.
 */
export const PIN = '18.2';

/** 18.2 → 180002, as `server_version_num` has it. Versions are compared as these integers, never as text. */
export function versionNumber(version: string): number {
  const match = /^(\d+)\.(\d+)$/.exec(version);
  if (match === null) throw new RangeError(`not a PostgreSQL release: ${version} (expected major.minor, such as ${PIN})`);
  return Number(match[1]) * 10_000 + Number(match[2]);
}

/** 180002 → 18.2. */
export function versionText(number: number): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}
