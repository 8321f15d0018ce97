import { describe, expect, test } from 'vitest';
import { conditionProblem, isPlainCondition } from '../../../src/ops/retention/condition.ts';

const MORE = "is more than one condition: write one expression, such as state = 'done' and attempts > 3";

describe('one SQL condition on a row', () => {
  test.each([
    "state = 'done'",
    "state in ('completed', 'failed') -- both are ends",
    'finished_at is not null and not exists (select from app.keep k where k.id = id)',
    "note = ') or (' and x = $$;$$",
    '/* why */ (a or b) and c',
    'a\nor\nb',
  ])('%s', async (text) => {
    expect(await conditionProblem(text)).toBeNull();
  });

  test.each([
    ["state = 'done", `is no SQL condition: unterminated quoted string at or near "'done"`],
    ['a = 1) or (b = 2', 'is no SQL condition: syntax error at or near ")"'],
    ['a = 1)) union select 1 where ((true', 'is no SQL condition: syntax error at or near ")"'],
    ['a = 1; delete from t', MORE],
    ['a = 1;', MORE],
    ['a order by a', MORE],
    ['a limit 1', MORE],
    ['a group by b', MORE],
    ['a union select true', MORE],
    ['a for update', MORE],
    ['', 'is no SQL condition: syntax error at end of input'],
    ['-- nothing', 'is no SQL condition: syntax error at end of input'],
    ['a = $1', 'has a parameter such as $1, which nobody fills in: write the value'],
    ['exists (with gone as (delete from t returning 1) select from gone)', 'writes: a condition only reads'],
    ['exists (with new as (insert into t values (1) returning 1) select from new)', 'writes: a condition only reads'],
    ['exists (with new as (update t set a = 1 returning 1) select from new)', 'writes: a condition only reads'],
    ['exists (select from t for update)', 'locks rows: a condition only reads'],
    ['a = 1 /* open', 'is no SQL condition: unterminated /* comment at or near "/* open"'],
    ['select', 'is no SQL condition: syntax error at or near "select"'],
  ])('not %s', async (text, problem) => {
    expect(await conditionProblem(text)).toBe(problem);
  });

  test('an index may have it when it calls nothing and selects nothing', async () => {
    await conditionProblem('a');
    expect(isPlainCondition("state in ('a', 'b') and x is null")).toBe(true);
    expect(isPlainCondition('lower(state) = $$a$$')).toBe(false);
    expect(isPlainCondition('at < current_date')).toBe(false);
    expect(isPlainCondition('id in (select 1)')).toBe(false);
  });
});
