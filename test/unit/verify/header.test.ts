import { describe, expect, it } from 'vitest';
import { describeProblem, parseHeader } from '../../../src/core/header.ts';

const grammar = { required: ['title', 'why'], optional: ['since'] };
const problemsOf = (text: string) => parseHeader('checks/a.sql', text, grammar).problems.map(describeProblem);

describe('a header', () => {
  it('is keys, continued values and a body that keeps its line numbers', () => {
    const header = parseHeader(
      'checks/a.sql',
      '--! title: One\n--! why: first\n--!   second\n--!\n--!   third\n\nselect 1;\n-- a comment\n',
      grammar,
    );
    expect(header.problems).toEqual([]);
    expect(header.entries.get('title')?.value).toBe('One');
    expect(header.entries.get('why')?.value).toBe('first\nsecond\n\nthird');
    expect(header.body).toBe('\n\n\n\n\n\nselect 1;\n-- a comment\n');
  });

  it('may start a value on the next line, and end lines as Windows does', () => {
    const header = parseHeader('checks/a.sql', '--! title: One\r\n--! why:\r\n--!   below\r\nselect 1', grammar);
    expect(header.problems).toEqual([]);
    expect(header.entries.get('why')?.value).toBe('below');
  });

  it('says where key and value stand', () => {
    const entry = parseHeader('checks/a.sql', '-- note\n--! title:   One', grammar).entries.get('title');
    expect(entry).toBeUndefined();
    const first = parseHeader('checks/a.sql', '--! why: x\n--! title:   One', grammar).entries.get('title');
    expect(first?.position).toEqual({ file: 'checks/a.sql', line: 2, column: 5, text: '--! title:   One' });
    expect(first?.valuePosition).toMatchObject({ line: 2, column: 14 });
  });

  it.each<[string, string, string[]]>([
    [
      'a key that is mistyped',
      '--! titel: One\n--! title: One\n--! why: x',
      ['checks/a.sql:1:5: unknown key "titel", did you mean "title"?'],
    ],
    ['a key nothing is near', '--! title: One\n--! why: x\n--! colour: red', ['checks/a.sql:3:5: unknown key "colour"']],
    [
      'a key given twice',
      '--! title: One\n--! title: Two\n--! why: x',
      ['checks/a.sql:2:5: key "title" is given twice (first on line 1)'],
    ],
    ['a key without a value', '--! title: One\n--! why:\nselect 1', ['checks/a.sql:2:5: key "why" has no value']],
    ['a missing key', '--! title: One\nselect 1', ['checks/a.sql:1:1: missing key "why": add a line --! why: …']],
    [
      'a line that is neither',
      '--! title: One\n--!why: x\n--! why: x',
      [
        'checks/a.sql:2:1: not a header line: write `--! key: value`, or continue the value above with two or more spaces after --!',
      ],
    ],
    [
      'a continuation of nothing',
      '--!   floating\n--! title: One\n--! why: x',
      [
        'checks/a.sql:1:1: not a header line: write `--! key: value`, or continue the value above with two or more spaces after --!',
      ],
    ],
    [
      'a header line below the SQL, which nobody would obey',
      '--! title: One\n--! why: x\nselect 1\n--! since: 18',
      ['checks/a.sql:4:1: header line below the first line of SQL: move it to the top of the file'],
    ],
    [
      'all of them at once, in the order of the file',
      '--! sinse: 18\n--! title: One\n--! title: Two',
      [
        'checks/a.sql:1:1: missing key "why": add a line --! why: …',
        'checks/a.sql:1:5: unknown key "sinse", did you mean "since"?',
        'checks/a.sql:3:5: key "title" is given twice (first on line 2)',
      ],
    ],
    [
      'an empty file',
      '',
      [
        'checks/a.sql:1:1: missing key "title": add a line --! title: …',
        'checks/a.sql:1:1: missing key "why": add a line --! why: …',
      ],
    ],
  ])('refuses %s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });
});
