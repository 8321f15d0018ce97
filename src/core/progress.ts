/** How a long act tells the person at the terminal where it is. Everything goes to stderr. */
export interface Progress {
  /** Starts a named act; `total` counts in whatever `tick` counts. */
  step(name: string, total?: number): ProgressStep;
}

export interface ProgressStep {
  tick(done: number, note?: string): void;
  /** Ends it well; `note` says what came of it. */
  done(note?: string): void;
  /** Ends it badly; the error itself is reported elsewhere. */
  failed(note?: string): void;
}

/** For library use and tests: says nothing. */
export const silentProgress: Progress = {
  step: () => ({ tick() {}, done() {}, failed() {} }),
};
