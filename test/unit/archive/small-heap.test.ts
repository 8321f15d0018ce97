import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SmallHeap } from '../../../src/ops/archive/small-heap.ts';

/** Node.js says of each collection what it was, and whether somebody asked for it. */
interface Collection {
  readonly kind: number;
  readonly flags: number;
}

it('old memory is collected once in 32 MB, and not before', async () => {
  const asked: Collection[] = [];
  const observer = new PerformanceObserver((list) => {
    const seen = list.getEntries().map((entry) => (entry as unknown as { detail: Collection }).detail);
    asked.push(...seen.filter(({ flags }) => (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0));
  });
  observer.observe({ entryTypes: ['gc'] });
  const heap = new SmallHeap();
  const after = async (megabytes: number): Promise<number> => {
    heap.pass(megabytes << 20);
    await sleep(50);
    return asked.length;
  };
  expect([await after(31), await after(1), await after(31), await after(1)]).toEqual([0, 1, 1, 2]);
  expect(asked.every(({ kind }) => kind === constants.NODE_PERFORMANCE_GC_MAJOR)).toBe(true);
  observer.disconnect();
});
