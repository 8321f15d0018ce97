import { expect, it } from 'vitest';
import { columnProblem } from '../../../src/ops/archive/attach-columns.ts';

const COPY = ['id bigint', 'at timestamp with time zone', 'what text'];
const columns = (list: readonly string[]) =>
  list.map((one) => {
    const [name = '', ...type] = one.split(' ');
    return { name, type: type.join(' '), generated: name === 'doubled', builtIn: null, notNull: false, collation: null };
  });
const OTHERS = 'the columns of app.log are not those of its copy any more: ';

it.each<[what: string, now: string[], problem: string | null]>([
  ['the same', COPY, null],
  ['one more', [...COPY, 'extra text'], `${OTHERS}it has got extra`],
  [
    'two more and one less',
    ['id bigint', 'at timestamp with time zone', 'a int', 'b int'],
    `${OTHERS}it has got a, b; it has lost what`,
  ],
  [
    'another type',
    ['id bigint', 'at timestamp with time zone', 'what character varying(9)'],
    `${OTHERS}what is character varying(9), and was text`,
  ],
  ['another order', ['at timestamp with time zone', 'id bigint', 'what text'], `${OTHERS}they stand in another order`],
  ['a generated one', [...COPY, 'doubled bigint'], 'app.log has generated columns (doubled)'],
])('columns of a table beside those of a copy: %s', (_what, now, problem) => {
  expect(columnProblem('app.log', columns(now), columns(COPY))).toBe(problem);
});
