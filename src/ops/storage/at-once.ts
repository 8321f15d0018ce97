/** Does each item, so many at the same time, in order of their beginning. The first failure stops the others and is thrown when they have stopped. */
export async function atOnce<T>(
  items: readonly T[],
  width: number,
  signal: AbortSignal,
  act: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      if (either.aborted) return;
      await act(item, either).catch((thrown: unknown) => {
        failures.push(thrown);
        stop.abort();
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}

/** Requests under way for what is small and many: bounded, since a process may have a few hundred files open and a service answers so many at a time. */
const SMALL_AT_ONCE = 32;

/** What becomes of each item, in their order, a few of them at the same time. Fails as {@link atOnce} does. */
export async function mapAtOnce<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  await atOnce([...items.entries()], SMALL_AT_ONCE, new AbortController().signal, async ([index, item]) => {
    results[index] = await act(item);
  });
  return results;
}
