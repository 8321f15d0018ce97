import { beforeEach } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** The part of the mutation table a test is a row of. */
    fault?: string;
  }
}

/**
 * Says, within `describe` or at the top of a file, that each test here puts one named fault somewhere and sees it caught. The reporter counts them
 * at the end of a run, by area.
 */
export const faultsOf = (area: string): void => {
  beforeEach(({ task }) => {
    task.meta.fault = area;
  });
};
