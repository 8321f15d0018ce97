import { describe, expect, test } from 'vitest';
import { item } from '../../../src/core/report.ts';
import type { Item, Report } from '../../../src/core/report.ts';
import { render } from '../../../src/render/index.ts';
import { EXAMPLES, report } from './reports.ts';
import { parseCommand, parseTap, parseXml } from './parsers.ts';

const options = { color: true, width: 80, toolVersion: '1.2.3' };
const finding = (fields: Partial<Item>) => item({ id: 'a-check', object: 'public.t', message: 'as it is', ...fields });

describe('json', () => {
  test('keys stand in the order of the contract', async () => {
    const text = await render('json', EXAMPLES.failed.report, options);
    const keys = [...text.matchAll(/^ {2}"(\w+)":/gm)].map(([, key]) => key);
    expect(keys).toEqual('schema command ok exitCode startedAt durationMs target summary items error'.split(' '));
    expect(Object.keys((JSON.parse(text) as Report).error ?? {})).toEqual([
      'code',
      'message',
      'hint',
      'sqlstate',
      'detail',
      'position',
    ]);
  });

  test('common fields of an item come first, its own behind them', async () => {
    const odd = {
      state: 'applied',
      detail: null,
      fix: null,
      message: 'm',
      severity: 'info',
      status: 'pass',
      object: 'o',
      id: 'i',
    } as const;
    const [line] = (await render('ndjson', report({ items: [odd] }), options)).split('\n').slice(1);
    expect(line).toBe(
      '{"type":"item","item":{"id":"i","object":"o","status":"pass","severity":"info","message":"m","fix":null,"detail":null,"state":"applied"}}',
    );
  });

  test('an item’s own type is not lost', async () => {
    const line = (await render('ndjson', report({ items: [finding({ type: 'LOG' })] }), options)).split('\n')[1] ?? '';
    expect(JSON.parse(line)).toMatchObject({ type: 'item', item: { type: 'LOG' } });
  });

  test('a view that came along with the report is not part of the document', async () => {
    const { view } = EXAMPLES.migrations;
    const withView: Report & { view: unknown } = { ...EXAMPLES.migrations.report, view };
    for (const format of ['json', 'ndjson'] as const) {
      const text = await render(format, withView, { ...options, view });
      expect(text).not.toContain('Migrations of learning-lab');
    }
  });
});

describe('sarif', () => {
  interface Sarif {
    readonly runs: [
      {
        readonly results: Record<string, unknown>[];
        readonly invocations: Record<string, unknown>[];
        tool: { driver: { rules: { id: string }[] } };
      },
    ];
  }
  const run = async (fields: Partial<Report>) => (JSON.parse(await render('sarif', report(fields), options)) as Sarif).runs[0];

  test('fail, unknown and waived are results; pass and skipped are not; all are rules', async () => {
    const statuses = ['pass', 'fail', 'unknown', 'waived', 'skipped'] as const;
    const { results, tool } = await run({
      ok: false,
      items: statuses.map((status) => finding({ id: status, status, severity: 'low' })),
    });
    expect(results.map(({ ruleId, kind, level }) => [ruleId, kind, level])).toEqual([
      ['fail', 'fail', 'note'],
      ['unknown', 'fail', 'warning'],
      ['waived', 'fail', 'note'],
    ]);
    expect(results.map(({ suppressions }) => suppressions)).toEqual([
      undefined,
      undefined,
      [{ kind: 'external', status: 'accepted', justification: 'as it is' }],
    ]);
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(['fail', 'pass', 'skipped', 'unknown', 'waived']);
  });

  test('a rule is as severe as its worst item', async () => {
    const { tool } = await run({
      ok: false,
      items: [finding({ status: 'fail', severity: 'low' }), finding({ status: 'fail', severity: 'critical', object: 'other' })],
    });
    expect(tool.driver.rules).toMatchObject([
      { id: 'a-check', defaultConfiguration: { level: 'error' }, properties: { 'security-severity': '9.5' } },
    ]);
  });

  test('the fingerprint is the id and the object, wherever the finding stands', async () => {
    const moved = { file: 'migrations/001.sql', line: 3 };
    const [first, second, other] = (
      await run({
        ok: false,
        items: [
          finding({ status: 'fail' }),
          finding({ status: 'unknown', message: 'other words', detail: moved }),
          finding({ status: 'fail', object: 'public.u' }),
        ],
      })
    ).results;
    expect(first?.['partialFingerprints']).toEqual(second?.['partialFingerprints']);
    expect(first?.['partialFingerprints']).not.toEqual(other?.['partialFingerprints']);
    expect(first?.['partialFingerprints']).toEqual({
      'dbctl/v1': '98b83e73bd5761cade68285bb32dd36179323ce76408aa481d103fb8b3b9029b',
      primaryLocationLineHash: '98b83e73bd5761ca:1',
    });
  });

  test.each([
    [null, 'dbctl.yaml', '%SRCROOT%', { startLine: 1 }],
    [{ file: './a b/ü.sql', line: 4, column: 2 }, 'a%20b/%C3%BC.sql', '%SRCROOT%', { startLine: 4, startColumn: 2 }],
    [{ file: 'migrations\\1.sql' }, 'migrations/1.sql', '%SRCROOT%', { startLine: 1 }],
    [{ file: '/srv/x.sql', line: 2 }, 'file:///srv/x.sql', undefined, { startLine: 2 }],
    [{ file: 'C:\\x.sql', line: 2 }, 'file:///C%3A/x.sql', undefined, { startLine: 2 }],
    [{ file: 'x.sql', line: 0, column: 2 }, 'x.sql', '%SRCROOT%', { startLine: 1 }],
    [{ file: 7 }, 'dbctl.yaml', '%SRCROOT%', { startLine: 1 }],
  ])('the place of %j', async (detail, uri, uriBaseId, region) => {
    const { results } = await run({ ok: false, items: [finding({ status: 'fail', detail })] });
    expect(results[0]?.['locations']).toEqual([
      {
        physicalLocation: { artifactLocation: { uri, ...(uriBaseId !== undefined && { uriBaseId }) }, region },
        logicalLocations: [{ fullyQualifiedName: 'public.t', kind: 'resource' }],
      },
    ]);
  });

  test('an error is a notification at its place, and the run not successful', async () => {
    const { invocations, results } = await run(EXAMPLES.failed.report);
    expect(results).toEqual([]);
    expect(invocations).toMatchObject([
      {
        executionSuccessful: false,
        exitCode: 4,
        toolExecutionNotifications: [
          {
            level: 'error',
            descriptor: { id: 'migration.failed' },
            locations: [{ physicalLocation: { region: { startLine: 12, startColumn: 23 } } }],
          },
        ],
      },
    ]);
  });

  test('text is not taken for placeholders or links', async () => {
    const { results } = await run({ ok: false, items: [finding({ status: 'fail', message: 'a{0} [b](1) {c}' })] });
    expect(results[0]?.['message']).toEqual({ text: 'a{{0}} [b] (1) {c}' });
  });
});

describe('junit', () => {
  test('unknown is an error, waived and skipped tell their reason', async () => {
    const statuses = ['pass', 'fail', 'unknown', 'waived', 'skipped'] as const;
    const suites = parseXml(
      await render(
        'junit',
        report({ ok: false, items: statuses.map((status) => finding({ status, durationMs: 1500 })) }),
        options,
      ),
    );
    const cases = suites.children[0]?.children.filter(({ name }) => name === 'testcase') ?? [];
    expect(
      cases.map(({ children }) => children.map(({ name, attributes }) => `${name}: ${attributes['message']}`).join()),
    ).toEqual(['', 'failure: as it is', 'error: unknown: as it is', 'skipped: waived: as it is', 'skipped: skipped: as it is']);
    expect(cases[0]?.attributes).toEqual({ classname: 'dbctl.verify', name: 'a-check public.t', time: '1.500' });
    expect(suites.attributes).toEqual({
      name: 'dbctl verify',
      tests: '5',
      failures: '1',
      errors: '1',
      skipped: '2',
      time: '0.412',
    });
  });

  test('a command of two words is a class of two parts', async () => {
    const suites = parseXml(await render('junit', EXAMPLES.migrations.report, options));
    expect(suites.children[0]?.attributes['name']).toBe('dbctl.migrate.status');
  });

  test('an error is an error testcase with everything one needs', async () => {
    const suites = parseXml(await render('junit', EXAMPLES.failed.report, options));
    const [run] = suites.children[0]?.children.filter(({ name }) => name === 'testcase') ?? [];
    expect(run?.children[0]).toMatchObject({
      name: 'error',
      attributes: { type: 'migration.failed' },
      text: [
        'migrations/014.do.attempts.sql: relation "execution.lab_attemps" does not exist',
        'at migrations/014.do.attempts.sql:12:23',
        'statement 3 of 5',
        'sqlstate: 42P01',
        'hint: Correct the file and run dbctl migrate up again: nothing of it was kept.',
      ].join('\n'),
    });
  });
});

test('tap: unknown is not ok, waived is to do, skipped is skipped', async () => {
  const statuses = ['pass', 'fail', 'unknown', 'waived', 'skipped'] as const;
  const points = parseTap(
    await render('tap', report({ ok: false, items: statuses.map((status) => finding({ status })) }), options),
  );
  expect(points.map(({ ok, directive, reason }) => [ok, directive, reason])).toEqual([
    [true, null, ''],
    [false, null, ''],
    [false, null, ''],
    [false, 'TODO', 'waived: as it is'],
    [true, 'SKIP', 'as it is'],
  ]);
  expect(points[2]?.diagnostics).toEqual({ message: 'as it is', status: 'unknown', severity: 'info' });
});

describe('github', () => {
  const annotations = async (items: readonly Item[]) =>
    (await render('github', report({ ok: false, items }), options)).trimEnd().split('\n').map(parseCommand);

  test('severity decides what a failure is; unknown is a warning, waived a notice', async () => {
    const failures = (['critical', 'high', 'medium', 'low', 'info'] as const).map((severity) =>
      finding({ status: 'fail', severity }),
    );
    const others = (['unknown', 'waived', 'skipped', 'pass'] as const).map((status) => finding({ status, severity: 'critical' }));
    const names = (await annotations([...failures, ...others])).map((command) => command?.name);
    expect(names).toEqual(['error', 'error', 'warning', 'notice', 'notice', 'warning', 'notice', undefined]);
  });

  test('what the runner reads back is what was said', async () => {
    const [command] = await annotations([
      finding({
        status: 'fail',
        severity: 'high',
        message: '100% of a, b: c\nsecond %0A line',
        fix: 'a;\nb;',
        detail: { file: 'm,1:2%.sql', line: 3, column: 4 },
      }),
    ]);
    expect(command).toEqual({
      name: 'error',
      properties: { file: 'm,1:2%.sql', line: '3', col: '4', title: 'a-check: public.t' },
      data: '100% of a, b: c\nsecond %0A line\nfix: a;\nb;',
    });
  });

  test('the last line tells the counts and is no command', async () => {
    const text = await render('github', EXAMPLES.findings.report, options);
    expect(text.trimEnd().split('\n').at(-1)).toBe(
      'dbctl verify: 2 failed, 1 unknown, 1 waived, 1 skipped, 42 passed, 47 checks',
    );
  });
});
