/** How a long act tells the person at the terminal where it is. Everything goes to stderr. */
export interface Progress {
  /** Starts a named act; `total` counts in whatever `tick` counts, things if not said. With bytes the time that is left is told. */
  step(name: string, total?: number, unit?: Unit): ProgressStep;
}

/** What a step counts: bytes are all alike, things are not. */
export type Unit = 'bytes' | 'things';

export interface ProgressStep {
  /** `more` was done since the last tick. */
  tick(more: number, note?: string): void;
  /** Ends it well; `note` says what came of it. */
  done(note?: string): void;
  /** Ends it badly; the error itself is reported elsewhere. */
  failed(note?: string): void;
}

/** For library use and tests: says nothing. */
export const silentProgress: Progress = {
  step: () => ({ tick() {}, done() {}, failed() {} }),
};
