/**
 * The privileges of PostgreSQL by the letter that an aclitem shows, with the bit that the server itself gives them
 * (src/include/nodes/parsenodes.h, ACL_INSERT and so on; the letters are in src/include/utils/acl.h).
 */
const BITS = {
  a: { bit: 1 << 0, name: 'INSERT' },
  r: { bit: 1 << 1, name: 'SELECT' },
  w: { bit: 1 << 2, name: 'UPDATE' },
  d: { bit: 1 << 3, name: 'DELETE' },
  D: { bit: 1 << 4, name: 'TRUNCATE' },
  x: { bit: 1 << 5, name: 'REFERENCES' },
  t: { bit: 1 << 6, name: 'TRIGGER' },
  X: { bit: 1 << 7, name: 'EXECUTE' },
  U: { bit: 1 << 8, name: 'USAGE' },
  C: { bit: 1 << 9, name: 'CREATE' },
  T: { bit: 1 << 10, name: 'TEMPORARY' },
  c: { bit: 1 << 11, name: 'CONNECT' },
  s: { bit: 1 << 12, name: 'SET' },
  A: { bit: 1 << 13, name: 'ALTER SYSTEM' },
  m: { bit: 1 << 14, name: 'MAINTAIN' },
} as const;

type Letter = keyof typeof BITS;
export type Privilege = (typeof BITS)[Letter]['name'];

/** A set of privileges, one bit each. */
export type Mask = number;

const LETTERS = Object.entries(BITS) as [Letter, { bit: number; name: Privilege }][];
const BY_NAME = new Map(LETTERS.map(([, { bit, name }]) => [name, bit]));
const BY_LETTER = new Map<string, number>(LETTERS.map(([letter, { bit }]) => [letter, bit]));

/** The set of these privileges. */
export function maskOf(...privileges: readonly Privilege[]): Mask {
  return privileges.reduce((mask, name) => mask | (BY_NAME.get(name) ?? 0), 0);
}

/** The set of privileges as roles.yaml writes them, in lower case. */
export function maskOfWords(privileges: readonly string[]): Mask {
  return maskOf(...privileges.map((privilege) => privilege.toUpperCase() as Privilege));
}

/** The names of a set. */
export function privilegesOf(mask: Mask): Privilege[] {
  return LETTERS.filter(([, { bit }]) => (mask & bit) !== 0).map(([, { name }]) => name);
}

/** The bit of a letter of an aclitem; undefined for one this release of dbctl does not know. */
export function bitOfLetter(letter: string): Mask | undefined {
  return BY_LETTER.get(letter);
}
