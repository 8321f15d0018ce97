import { describe, expect, it } from 'vitest';
import { folderStorage } from '../../../src/ops/storage/folder.ts';
import { paced, paceOf, rateLimited, type Time } from '../../../src/ops/storage/pace.ts';

/** A clock that moves by sleeping alone, each sleep a millisecond late. */
function lateTime(): Time & { at: number } {
  const time = {
    at: 1_000,
    now: () => time.at,
    sleep: (ms: number) => {
      time.at += Math.ceil(ms) + 1;
      return Promise.resolve();
    },
  };
  return time;
}

async function elapsed(bytes: number, rate: number, transfers: number): Promise<number> {
  const time = lateTime();
  const pace = paceOf(rate, time);
  const begun = time.at;
  const chunk = Buffer.alloc(bytes / transfers);
  const move = async () => {
    for await (const _ of paced(chunk, pace, undefined));
  };
  await Promise.all(Array.from({ length: transfers }, move));
  return time.at - begun;
}

describe('a rate', () => {
  it.each([
    [64_000, 65_536, 1],
    [1_000_000, 4_000_000, 1],
    [100_000_000, 200_000_000, 1],
    [10_000_000, 20_000_000, 4],
  ])('of %i bytes a second is kept within a tenth: %i bytes by %i transfers', async (rate, bytes, transfers) => {
    const wanted = (bytes / rate) * 1_000;
    const took = await elapsed(bytes, rate, transfers);
    expect(took).toBeGreaterThan(wanted * 0.9 - 20);
    expect(took).toBeLessThan(wanted * 1.1 + 50);
  });

  it('earns no burst by a pause', async () => {
    const time = lateTime();
    const pace = paceOf(1_000, time);
    time.at += 60_000;
    const begun = time.at;
    await pace(1_000, undefined);
    await pace(1_000, undefined);
    expect(time.at - begun).toBeGreaterThan(1_900);
  });

  it('does not hold up who stops a file that is created, whole as it is', async () => {
    const stop = new AbortController();
    const limited = rateLimited(folderStorage('/nonexistent'), 64_000, stop.signal);
    const creation = limited.create('segment', Buffer.alloc(16_000_000));
    setTimeout(() => stop.abort(), 50);
    await expect(creation).rejects.toThrow('aborted');
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const waiting = paceOf(10)(1_000, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });
});
