/** Does something, and prints a line of what it took and said. */
export type Steps = <T>(name: string, act: () => Promise<T>, said: (found: T) => Result) => Promise<T>;

interface Result {
  readonly bytes?: number;
  readonly rows?: number;
  readonly result: string;
}

/** Prints a line for each step when it ends: a run of minutes is watched. */
export function steps(): Steps {
  const line = (...cells: readonly string[]) =>
    console.log([cells[0]?.padEnd(38), ...[1, 2, 3].map((at) => (cells[at] ?? '').padStart(10)), `  ${cells[4] ?? ''}`].join(''));
  line('step', 's', 'MB', 'rows', 'result');
  return async (name, act, said) => {
    const began = performance.now();
    const found = await act();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const { bytes, rows, result } = said(found);
    line(name, seconds, bytes === undefined ? '' : (bytes / 1e6).toFixed(0), rows === undefined ? '' : String(rows), result);
    return found;
  };
}
