import { describe, expect, it } from 'vitest';
import { answerOf } from '../../../src/ops/drill/answer.ts';
import { measureDrill } from '../../../src/ops/drill/drill.ts';
import { drillHistory, extrapolation, type Timed } from '../../../src/ops/drill/history.ts';
import { Failed, NotTried, type DrillStep } from '../../../src/ops/drill/steps.ts';
import { secondsText, targetSteps } from '../../../src/ops/drill/targets.ts';
import { leftOut } from '../../../src/ops/drill/verify.ts';

const step = (outcome: DrillStep['outcome']): DrillStep => ({ name: 'open', outcome, message: '', seconds: 0 });

describe('what was measured against what was asked for', () => {
  it.each<[string, number | null, number | null, number | null, number | null, string[]]>([
    ['nothing asked', 10, 10, null, null, []],
    ['both kept', 10, 60, 10_000, 60_000, ['rto passed', 'rpo passed']],
    ['one millisecond too long', 10.001, 60, 10_000, 60_000, ['rto missed', 'rpo passed']],
    ['too old', 10, 60.001, null, 60_000, ['rpo missed']],
    ['no database came of it', null, 60, 10_000, 60_000, ['rto skipped', 'rpo skipped']],
    ['a point was asked for', 10, null, 10_000, 60_000, ['rto passed', 'rpo skipped']],
  ])('%s', (_name, rtoSeconds, rpoSeconds, rtoMs, rpoMs, expected) => {
    const steps = targetSteps({ rtoSeconds, rpoSeconds }, { rtoMs, rpoMs });
    expect(steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(expected);
  });

  it('is said in numbers', () => {
    const [rto, rpo] = targetSteps({ rtoSeconds: 95.26, rpoSeconds: 90_000 }, { rtoMs: 60_000, rpoMs: 93_600_000 });
    expect(rto?.message).toBe('95.3 s to a database that was looked at, and 60 s is the most');
    expect(rpo?.message).toBe('25 h of work would be lost, and 26 h is the most');
    expect([1, 119.96, 120, 7_200, 172_800].map(secondsText)).toEqual(['1 s', '120 s', '2 min', '2 h', '2 days']);
  });
});

describe('the answer is the worst of what was seen', () => {
  it.each<[readonly DrillStep['outcome'][], number | null, string]>([
    [['passed', 'skipped'], 1, 'passed'],
    [['passed', 'missed'], 1, 'target missed'],
    [['missed', 'failed'], 1, 'restored, but differs'],
    [['passed'], null, 'not restorable'],
    [['failed'], null, 'not restorable'],
  ])('%j, RTO %j', (outcomes, rto, expected) => {
    expect(answerOf(outcomes.map(step), rto)).toBe(expected);
  });
});

describe('a drill', () => {
  /** A clock that goes on by a second whenever somebody looks at it. */
  const ticking = () => {
    let now = Date.parse('2026-11-21T10:00:00Z');
    return () => new Date((now += 1_000));
  };
  const signal = new AbortController().signal;

  it('adds up: the time of a step runs from the end of the one before', async () => {
    const clock = ticking();
    const began = clock();
    const { steps, rtoSeconds } = await measureDrill(
      new Date('2026-11-21T09:00:00Z'),
      { clock, signal, chosen: { began, message: 'x' } },
      async (tryIt, reached) => {
        await tryIt('fetch', () => Promise.resolve('seen'));
        clock();
        await tryIt('restore', () => Promise.resolve('seen'));
        reached();
      },
    );
    expect(steps.map(({ seconds }) => seconds)).toEqual([1, 1, 2]);
    expect(rtoSeconds).toBe(5);
  });

  it('notes what failed and what could not be tried, and throws what is neither', async () => {
    const act = (thrown: Error) =>
      measureDrill(
        new Date(),
        { clock: ticking(), signal },
        async (tryIt) => void (await tryIt('open', () => Promise.reject(thrown))),
      );
    expect((await act(new Failed('two differ', ['a', 'b']))).steps[0]).toMatchObject({ outcome: 'failed', details: ['a', 'b'] });
    expect((await act(new NotTried('no program'))).steps[0]).toMatchObject({ outcome: 'skipped', message: 'no program' });
    await expect(act(new TypeError('a mistake of ours'))).rejects.toThrow('a mistake of ours');
  });

  it.each<[string, string, string | null, number]>([
    ['no commit came', '2026-11-21T09:00:00Z', null, 3_601],
    ['the last commit is later than the backup', '2026-11-21T09:00:00Z', '2026-11-21T09:59:00Z', 61],
    // The backup holds everything up to its moment, whenever the last commit was.
    ['the last commit is earlier than the backup', '2026-11-21T09:59:00Z', '2026-11-21T09:00:00Z', 61],
    ['the clock of the server is ahead', '2026-11-21T10:30:00Z', null, 0],
  ])('measures what would be lost where %s', async (_name, dataOf, last, expected) => {
    const inputs = { clock: ticking(), signal };
    const { rpoSeconds } = await measureDrill(new Date(dataOf), inputs, (_tryIt, reached) => {
      reached(last === null ? null : new Date(last));
      return Promise.resolve();
    });
    expect(rpoSeconds).toBe(expected);
  });
});

describe('how long the last drills took', () => {
  const timed = (rtoSeconds: number | null, database = 'lab'): Timed => ({
    backup: { type: 'logical', database, sizeBytes: 1 },
    rtoSeconds,
  });
  it('counts those of the same kind that came to a database, the newest ten', () => {
    expect(drillHistory([timed(null), timed(1, 'other')], { type: 'logical', database: 'lab' })).toBeNull();
    const many = [timed(900), ...Array.from({ length: 10 }, (_, n) => timed(n + 1)), timed(null), timed(50, 'other')];
    expect(drillHistory(many, { type: 'logical', database: 'lab' })).toEqual({
      drills: 10,
      medianSeconds: 5.5,
      worstSeconds: 10,
    });
  });
  it('says nothing of more data before it can be honest', () => {
    const enough = { drills: 3, medianSeconds: 600, worstSeconds: 700 };
    expect(extrapolation(null, 2e9)).toBeNull();
    expect(extrapolation({ ...enough, drills: 2 }, 2e9)).toBeNull();
    expect(extrapolation(enough, 1e8)).toBeNull();
    expect(extrapolation(enough, 2e9)).toMatch(/^With twice the data \(4\.0 GB\) expect about 20 min on this machine/);
  });
});

describe('checks on a server that is thrown away', () => {
  it('leave out what would be about that server, and say why', () => {
    const check = (id: string, group: string, scope: 'cluster' | 'database') =>
      ({ id, group, scope }) as Parameters<typeof leftOut>[0];
    expect(leftOut(check('version-pin', 'version', 'cluster'), 'server')).toMatch(/release/);
    expect(leftOut(check('dur-fsync-fpw', 'durability', 'cluster'), 'server')).toMatch(/settings of the server/);
    expect(leftOut(check('own-roles', 'project', 'cluster'), 'database')).toMatch(/what a dump does not hold/);
    expect(leftOut(check('own-roles', 'project', 'cluster'), 'server')).toBeNull();
    expect(leftOut(check('own-rows', 'project', 'database'), 'database')).toBeNull();
  });
});
