import { DbctlError } from '../../core/errors.ts';

/** What came of one wrapped key. */
export interface Rewrapped {
  /** Of the backup, or the file of a pair of the log. */
  readonly id: string;
  readonly outcome: 'rewrapped' | 'not encrypted' | 'failed';
  /** Why it failed. */
  readonly problem: string | null;
}

/** One that fails does not keep the others from it. */
export async function noteFailure(id: string, rewrap: () => Promise<Rewrapped>): Promise<Rewrapped> {
  try {
    return await rewrap();
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    return { id, outcome: 'failed', problem: thrown.message };
  }
}
