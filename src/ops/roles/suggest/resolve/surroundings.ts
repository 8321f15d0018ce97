import type { Names } from './names.ts';

/** What a statement is read with. */
export interface Surroundings {
  readonly names: Names;
  readonly path: readonly string[];
  /** Temporary tables that the role made, and their columns where these are known: nobody has to be granted those. */
  readonly temporary: ReadonlyMap<string, readonly string[] | null>;
}
