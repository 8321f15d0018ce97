/** A statement about which it cannot be said with certainty what it needs. */
export class Unresolved extends Error {
  override readonly name = 'Unresolved';
}

/** Gives up on the statement: nothing about it is guessed. */
export function unresolved(reason: string): never {
  throw new Unresolved(reason);
}
