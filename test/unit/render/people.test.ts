import { describe, expect, test } from 'vitest';
import { item } from '../../../src/core/report.ts';
import type { Item, Report, View } from '../../../src/core/report.ts';
import { render } from '../../../src/render/index.ts';
import type { RenderOptions } from '../../../src/render/index.ts';
import { EXAMPLES, report } from './reports.ts';

const plain: RenderOptions = { color: false, width: 80, toolVersion: '1.2.3' };
const human = (fields: Partial<Report>, options: Partial<RenderOptions> = {}) =>
  render('human', report({ target: null, ...fields }), { ...plain, ...options });
const finding = (fields: Partial<Item>) => item({ id: 'a-check', object: 'public.t', message: 'as it is', ...fields });

describe('human', () => {
  test('each status has its own mark and word, with and without colour', async () => {
    const items = (['fail', 'unknown', 'waived', 'skipped', 'pass'] as const).map((status) => finding({ status }));
    const text = await human({ ok: false, items }, { unicode: false });
    expect(text.match(/^\S \w+/gm)?.slice(0, 5)).toEqual(['x FAIL', '? UNKNOWN', '~ waived', '- skipped', '+ pass']);
    const colored = await human({ ok: false, items }, { unicode: false, color: true });
    expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(text);
  });

  test('what is unknown is never green, and the answer neither', async () => {
    const text = await human({ items: [finding({ status: 'unknown' })] }, { color: true });
    expect(text).not.toContain('\u001b[32m');
    expect(text).toContain('? dbctl verify: not everything could be seen: 1 unknown');
    expect(await human({ items: [finding({})] }, { color: true })).toContain('\u001b[32m');
  });

  test('without colour there is no escape sequence at all', async () => {
    expect(await human({ ...EXAMPLES.nasty.report }, { view: EXAMPLES.nasty.view })).not.toContain('\u001b');
  });

  test('passing items are hidden only where the view says so', async () => {
    const items = [finding({}), finding({ id: 'other', status: 'fail' })];
    expect(await human({ ok: false, items })).toContain('a-check');
    const hidden = await human({ ok: false, items }, { view: { hidden: ['pass'] } });
    expect(hidden).not.toContain('a-check');
    expect(hidden).toContain('1 failed, 1 passed');
  });

  test('findings below a severity are counted where the view says so, and what is unknown is always listed', async () => {
    const items = [
      finding({ id: 'small', status: 'fail', severity: 'low' }),
      finding({ id: 'great', status: 'fail', severity: 'high' }),
      finding({ id: 'unseen', status: 'unknown', severity: 'low' }),
    ];
    const text = await human({ ok: false, items }, { view: { least: 'medium' } });
    expect(text).not.toContain('small');
    expect(text).toContain('great');
    expect(text).toContain('unseen');
    expect(text).toContain('2 failed, 1 unknown');
  });

  test('an overview stands above the items, which may be hidden', async () => {
    const overview = { columns: [{ field: 'object', title: 'table' }], rows: [finding({ object: 'a.b' })] };
    const text = await human({ ok: false, items: [finding({})] }, { view: { overview, hidden: ['pass'] } });
    expect(text).toContain('table\n─────\na.b\n');
    expect(text).not.toContain('a-check');
  });

  test('a column without title and text is left out, and leaves no blanks', async () => {
    const columns = [
      { field: 'object', title: 'login' },
      { field: 'problem', title: '' },
    ];
    const text = await human({ items: [finding({ problem: null })] }, { view: { columns } });
    expect(text).toContain('login\n────────\npublic.t\n');
  });

  test('below a table one fix of several things is said once, with what it is for', async () => {
    const fix = 'grant select on a to b;';
    const items = ['x', 'y', 'z'].map((object) => finding({ object, status: 'unknown', fix: object === 'z' ? 'another' : fix }));
    const text = await human({ items }, { view: { columns: [{ field: 'object', title: 'login' }] } });
    expect(text).toContain('a-check x, y\n  fix:\n    grant select on a to b;\n\na-check z\n  fix:\n    another\n');
  });

  test.each<[string, string, string[]]>([
    [
      'a statement at blanks outside of quotes, and its comment on lines that are comments',
      `alter system set shared_preload_libraries = 'a long name', 'pgaudit'; -- with its package installed; then restart the server`,
      [
        'alter system set',
        '  shared_preload_libraries =',
        `  'a long name', 'pgaudit';`,
        '-- with its package installed; then',
        '-- restart the server',
      ],
    ],
    [
      'a sentence at blanks, apostrophes or not',
      `put the server's certificate where ssl_cert_file says, and reload`,
      [`put the server's certificate where`, '  ssl_cert_file says, and reload'],
    ],
    ['no word', `drop index public.${'x'.repeat(40)};`, ['drop index', `  public.${'x'.repeat(40)};`]],
    [
      'no command of a shell',
      'dbctl pin bump 18.6 --env prod --out json=bump.json',
      ['dbctl pin bump 18.6 --env prod --out json=bump.json'],
    ],
    [
      'nothing in a file',
      'cost:\n  hot: [{ from: 2026-11-01, gib_month: "PRICE" }]',
      ['cost:', '  hot: [{ from: 2026-11-01, gib_month: "PRICE" }]'],
    ],
    [
      'a comment alone',
      '-- once the coordinator does not know it either',
      ['-- once the coordinator does not', '-- know it either'],
    ],
  ])('a terminal that is too narrow for a fix breaks %s', async (_what, fix, lines) => {
    const items = [finding({ status: 'fail', fix })];
    const told = async (options: Partial<RenderOptions>) =>
      ((await human({ ok: false, items }, options)).split('    fix:\n')[1] ?? '').split('\n\n')[0]?.split('\n');
    expect(await told({ width: 42, terminal: true })).toEqual(lines.map((line) => `      ${line}`));
    expect(await told({ width: 42 })).toEqual(fix.split('\n').map((line) => `      ${line}`));
  });

  test('a fix is never broken where no terminal would, however narrow', async () => {
    const fix = `create index concurrently ${'x'.repeat(63)}\n  on public.t (a);`;
    const text = await human({ ok: false, items: [finding({ status: 'fail', fix })] }, { width: 40 });
    expect(text).toContain(`    fix:\n      create index concurrently ${'x'.repeat(63)}\n        on public.t (a);\n`);
  });

  test('a view with text is that text alone', async () => {
    const view: View = { text: 'postgres://dev@127.0.0.1/dev', title: 'no title', notes: ['no note'] };
    expect(await human({}, { view })).toBe('postgres://dev@127.0.0.1/dev\n');
    expect(await human({}, { view: { text: 'a\n\tb\n' } })).toBe('a\n\tb\n');
  });

  test('but an error is not kept quiet', async () => {
    const error = { code: 'server.failed', message: 'the server died', hint: 'Read its log.' } as const;
    expect(await human({ ok: false, exitCode: 4, error }, { view: { text: '' } })).toBe(
      'error: the server died\ncode: server.failed (exit 4)\nhint: Read its log.\n',
    );
  });

  test.each([
    ['in the middle', 'select 1 fro t', 10, ' 7 | select 1 fro t', '   |          ^'],
    ['after a tab', '\tselct', 2, ' 7 |     selct', '   |     ^'],
    ['after wide characters', "select '表表' x", 13, " 7 | select '表表' x", '   |               ^'],
    ['after an escape', 'a\u001bb', 3, ' 7 | a\\x1bb', '   |      ^'],
    ['past the end', 'select', 99, ' 7 | select', '   |       ^'],
    [
      'in a line too long',
      `${'a'.repeat(60)}X${'b'.repeat(60)}`,
      61,
      ` 7 | …${'a'.repeat(23)}X${'b'.repeat(9)}…`,
      `   | ${' '.repeat(24)}^`,
    ],
  ])('the caret stands under the character: %s', async (_, text, column, line, caret) => {
    const error = { code: 'sql.failed', message: 'm', hint: null, position: { file: 'f.sql', line: 7, column, text } } as const;
    const lines = (await human({ ok: false, exitCode: 4, error }, { width: 40 })).split('\n');
    expect(lines.slice(1, 4)).toEqual([` at f.sql:7:${column}`, line, caret]);
  });

  test('a position without its line is still told', async () => {
    const error = { code: 'sql.failed', message: 'm', hint: null, position: { file: 'f.sql', line: 7, column: 1 } } as const;
    expect(await human({ ok: false, exitCode: 4, error })).toContain('error: m\n at f.sql:7:1\ncode:');
  });

  test('forged lines cannot stand where real ones do', async () => {
    const text = await human({ ok: false, items: [finding({ status: 'fail', message: 'x\n✔ dbctl verify: ok\n::error::y' })] });
    expect(text.match(/^[✔✖].*/gm)).toEqual([
      '✖ FAIL    info      a-check  public.t',
      '✖ dbctl verify: not ok: 1 failed (412 ms)',
    ]);
    expect(text).not.toMatch(/^\s*::/m);
  });
});

describe('a table', () => {
  const columns = [
    { field: 'id', title: 'id' },
    { field: 'size', title: 'size', align: 'right' },
    { field: 'tags', title: 'tags' },
  ] as const;
  const rows = [finding({ id: 'one', size: 5, tags: ['a', 'b'] }), finding({ id: 'twelve', size: 1234, tags: true, note: null })];
  const body = async (items: readonly Item[], options: Partial<RenderOptions> = {}) =>
    (await human({ items, summary: { backups: 2 } }, { view: { columns }, ...options })).split('\n\n')[0];

  test('aligns its columns and needs no marks where all is well', async () => {
    expect(await body(rows)).toBe(
      ['id      size  tags', '──────  ────  ─────────', 'one        5  ["a","b"]', 'twelve  1234  yes'].join('\n'),
    );
  });

  test('marks every row where one is not as wanted, and says why', async () => {
    const text = await body([...rows, finding({ id: 'lost', status: 'unknown', message: 'no right to look' })], {
      unicode: false,
    });
    expect(text?.split('\n').slice(2)).toEqual([
      '+  one        5  ["a","b"]  as it is',
      '+  twelve  1234  yes        as it is',
      '?  lost                     no right to look',
    ]);
  });

  test('breaks cells that do not fit and keeps every character', async () => {
    const name = 'public.a_very_long_table_name_that_goes_on_and_on';
    const text = await body([finding({ id: name, size: 1, tags: 'x' })], { width: 40 });
    expect(text?.split('\n').every((line) => line.length <= 40)).toBe(true);
    expect(
      text
        ?.split('\n')
        .slice(2)
        .map((line) => line.slice(0, 29).trim())
        .join(''),
    ).toBe(name);
  });

  test('keeps the name in the first column whole while others can be broken', async () => {
    const text = await body(
      [finding({ id: 'learning_lab-20261121T1330', size: 1, tags: 'a few words and aVeryLongOneOfThem' })],
      {
        width: 50,
      },
    );
    expect(text?.split('\n').slice(2)).toEqual([
      'learning_lab-20261121T1330     1  a few words and',
      '                                  aVeryLongOneOfTh',
      '                                  em',
    ]);
  });

  test('wraps at spaces before it breaks a word', async () => {
    const text = await body([finding({ id: 'one two three four', size: 1, tags: 'unbroken_unbroken' })], { width: 40 });
    expect(text?.split('\n').slice(2)).toEqual(['one two three       1  unbroken_unbroken', 'four']);
  });

  test('has no head where no column has a title', async () => {
    const bare = columns.map((column) => ({ ...column, title: '' }));
    expect(await body(rows, { view: { columns: bare } })).toBe(['one        5  ["a","b"]', 'twelve  1234  yes'].join('\n'));
  });

  test('becomes a list of records where the name would have to be broken', async () => {
    const text = await human(
      { items: [finding({ id: 'a_name_of_26_characters_000', size: 1, tags: 'x'.repeat(20) })] },
      { view: { columns }, width: 41 },
    );
    expect(text.split('\n').slice(0, 2)).toEqual(['✔ pass', '  id: a_name_of_26_characters_000']);
  });

  test('becomes a list of records where columns would be too narrow', async () => {
    const many = Array.from({ length: 8 }, (_, index) => ({ field: 'object', title: `column ${index}` }));
    const text = await human({ items: [finding({ object: 'wide enough' })] }, { view: { columns: many }, width: 40 });
    expect(text.split('\n').slice(0, 3)).toEqual(['✔ pass', '  column 0: wide enough', '  column 1: wide enough']);
  });

  test('never breaks a time: it becomes a list of records, without what is empty', async () => {
    const loan = finding({
      id: '1',
      object: 'ann in readonly',
      from: '2026-11-21T21:21:04Z',
      until: '2026-11-21T23:21:04Z',
      by: '',
    });
    const view = {
      columns: ['id', 'object', 'from', 'until', 'by'].map((field) => ({ field, title: field })),
    };
    const text = await human({ items: [loan] }, { view, width: 50 });
    expect(text.split('\n').slice(0, 5)).toEqual([
      '✔ pass',
      '  id: 1',
      '  object: ann in readonly',
      '  from: 2026-11-21T21:21:04Z',
      '  until: 2026-11-21T23:21:04Z',
    ]);
    for (const width of [66, 80, 120]) {
      const wide = await human({ items: [loan] }, { view, width });
      expect(wide).toMatch(/2026-11-21T21:21:04Z {2}2026-11-21T23:21:04Z/);
    }
  });

  test('never breaks a name behind the status, and says the status once', async () => {
    const object = 'delivery.snapshot_events_y2027m03';
    const items = [finding({ object, message: 'rows are in it that had no other to go to, and keep it from being made' })];
    const columns = [
      { field: 'status', title: '' },
      { field: 'object', title: 'partition' },
      { field: 'message', title: '' },
    ];
    const table = await human({ items }, { width: 70, view: { columns } });
    expect(table).toMatch(new RegExp(`^pass {2}${object} {2}rows are in it that had`, 'm'));
    const narrow = await human({ items }, { width: 50, view: { columns } });
    expect(narrow).toContain(`+ pass\n  partition: ${object}\n  rows are in it`.replace('+', '✔'));
    expect(narrow.split('\n').filter((line) => line.length > 50)).toEqual([]);
  });

  test('sentences are no ribbon of single words', async () => {
    const items = [
      finding({ object: 'public.a_table_of_a_long_name', message: 'one two three four five six seven eight nine ten' }),
    ];
    const columns = [
      { field: 'object', title: 'table' },
      { field: 'message', title: 'message' },
    ];
    expect(await human({ items }, { width: 48, view: { columns } })).toContain('one two three\n');
    expect(await human({ items }, { width: 46, view: { columns } })).toContain('  message: one two three four five six seven');
  });

  test('leaves out what no item has before it becomes a list of records', async () => {
    const view = { columns: ['id', 'object', 'nothing', 'message'].map((field) => ({ field, title: field })) };
    const items = [finding({ id: 'a-name-of-some-length', object: 'what it is of', message: 'a few words of it' })];
    expect((await human({ items }, { view, width: 40 })).split('\n')[0]).toMatch(/^id +object +message$/);
    expect((await human({ items }, { view, width: 60 })).split('\n')[0]).toMatch(/nothing/);
  });

  test('without a terminal no line is broken', async () => {
    const text = await body([finding({ id: 'x'.repeat(300), size: 1, tags: 'y' })], { width: 0 });
    expect(text?.split('\n')).toHaveLength(3);
  });
});

describe('markdown', () => {
  const markdown = (fields: Partial<Report>, view: View = {}) => render('markdown', report(fields), { ...plain, view });

  test('a cell holds anything on one line', async () => {
    const message = 'a|b\n<b>c</b> `d` *e* _f_ g_h @you #12 [i](j)';
    const text = await markdown({ ok: false, items: [finding({ status: 'fail', message })] });
    expect(text.split('\n').find((line) => line.includes('a-check'))).toBe(
      '| ❌ fail | info | <code>a-check</code> | <code>public.t</code> | a&#124;b<br>&#60;b&#62;c&#60;/b&#62; &#96;d&#96; &#42;e&#42; &#95;f&#95; g_h @<!-- -->you #<!-- -->12 &#91;i&#93;(j) |',
    );
  });

  test('a fence is longer than the backticks in it', async () => {
    const text = await markdown({ ok: false, items: [finding({ status: 'fail', fix: 'a\n```\nb' })] });
    expect(text).toContain('````\na\n```\nb\n````');
  });

  test('rows beyond the limit are counted, not dropped in silence', async () => {
    const items = Array.from({ length: 503 }, (_, index) => finding({ id: `check-${index}`, status: 'fail' }));
    const text = await markdown({ ok: false, items });
    expect(text).toContain('and 3 more: the json format has all of them');
    expect(text.match(/❌ fail/g)).toHaveLength(500);
  });

  test('a heading tells the outcome', async () => {
    expect(await markdown({})).toMatch(/^## ✅ dbctl verify: ok\n/);
    expect(await markdown({ items: [finding({ status: 'unknown' })] })).toMatch(
      /^## ❓ dbctl verify: not everything could be seen\n/,
    );
    expect(await markdown(EXAMPLES.unexplained.report)).toMatch(/^## ❌ dbctl migrate drift: not ok\n/);
    expect(await markdown(EXAMPLES.unreachable.report)).toMatch(/^## ❌ dbctl verify: stopped\n/);
  });
});
