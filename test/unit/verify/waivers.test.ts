import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { concerns, daysLeft } from '../../../src/ops/verify/waiver.ts';
import { loadWaivers, parseWaivers, type WaiverRules } from '../../../src/ops/verify/waivers.ts';
import { NOW, waiverFor } from './support.ts';

const RULES: WaiverRules = {
  checks: new Map([
    ['version-pin', 'high'],
    ['loc-db-version', 'critical'],
  ]),
  environments: ['dev', 'prod'],
  now: NOW,
};
const read = (text: string) => parseWaivers('dbctl.waivers.yaml', text, RULES);
const REST = 'reason: the update is planned for December\n  owner: ops';

function problemsOf(text: string): string {
  try {
    read(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(DbctlError);
    const { code, detail, hint } = thrown as DbctlError;
    expect([code, hint]).toEqual([
      'config.invalid',
      'An entry has check, reason, owner and expires, and may have object, environment and approved_by.',
    ]);
    return detail ?? '';
  }
  return 'no problem';
}

describe('a waivers file', () => {
  it('holds waivers', () => {
    const text = `# accepted\n- check: version-pin\n  ${REST}\n  expires: 2027-01-31\n- check: loc-db-version\n  object: 'shop_*'\n  environment: prod\n  ${REST}\n  expires: 2026-11-01\n  approved_by: cto\n`;
    expect(read(text)).toEqual([
      {
        check: 'version-pin',
        object: '*',
        environment: null,
        reason: 'the update is planned for December',
        owner: 'ops',
        expires: '2027-01-31',
        approvedBy: null,
        file: 'dbctl.waivers.yaml',
        line: 2,
      },
      expect.objectContaining({
        check: 'loc-db-version',
        object: 'shop_*',
        environment: 'prod',
        expires: '2026-11-01',
        approvedBy: 'cto',
        line: 6,
      }),
    ]);
  });

  it.each(['', '# nothing yet\n', '[]', '~'])('may be empty: %j', (text) => {
    expect(read(text)).toEqual([]);
  });

  it('may not exist', async () => {
    expect(await loadWaivers('/nowhere/dbctl.waivers.yaml', 'dbctl.waivers.yaml', RULES)).toEqual([]);
  });

  it('says when it cannot be read', async () => {
    await expect(loadWaivers('/', 'dbctl.waivers.yaml', RULES)).rejects.toMatchObject({
      code: 'config.invalid',
      message: 'cannot read dbctl.waivers.yaml',
    });
  });

  it.each<[string, string, string]>([
    ['a mapping', 'check: version-pin', 'dbctl.waivers.yaml:1:1: expected a list of waivers, each starting with "- check:"'],
    [
      'a list of words',
      '- version-pin',
      'dbctl.waivers.yaml:1:3: expected a waiver with the keys check, reason, owner and expires',
    ],
    [
      'a key that is mistyped',
      `- check: version-pin\n  ${REST}\n  expire: 2027-01-01\n  expires: 2027-01-01`,
      'dbctl.waivers.yaml:4:3: unknown key "expire", did you mean "expires"?',
    ],
    ['a missing key', `- check: version-pin\n  ${REST}`, 'dbctl.waivers.yaml:1:3: missing key "expires"'],
    ['a value that is no text', `- check: version-pin\n  ${REST}\n  expires: 20270101`, '"expires" takes a text'],
    ['a value that is not there', `- check: version-pin\n  ${REST}\n  expires:`, '"expires" takes a text'],
    [
      'a key given twice',
      `- check: version-pin\n  check: version-pin\n  ${REST}\n  expires: 2027-01-01`,
      'dbctl.waivers.yaml:2:3: Map keys must be unique',
    ],
    [
      'a check there is none of',
      `- check: version-pni\n  ${REST}\n  expires: 2027-01-01`,
      'dbctl.waivers.yaml:1:10: no check "version-pni", did you mean "version-pin"?',
    ],
    [
      'an environment there is none of',
      `- check: version-pin\n  environment: prdo\n  ${REST}\n  expires: 2027-01-01`,
      'dbctl.waivers.yaml:2:16: no environment "prdo", did you mean "prod"?',
    ],
    [
      'a reason that is none',
      '- check: version-pin\n  reason: later\n  owner: ops\n  expires: 2027-01-01',
      'dbctl.waivers.yaml:2:11: reason has 5 characters, and 20 are the least: say why, and what has to happen first',
    ],
    [
      'a day that is none',
      `- check: version-pin\n  ${REST}\n  expires: 2027-02-29`,
      'dbctl.waivers.yaml:4:12: "2027-02-29" is no day such as 2027-01-31',
    ],
    [
      'a day in another form',
      `- check: version-pin\n  ${REST}\n  expires: 31.12.2026`,
      'dbctl.waivers.yaml:4:12: "31.12.2026" is no day such as 2027-01-31',
    ],
    [
      'more than 180 days',
      `- check: version-pin\n  ${REST}\n  expires: 2027-05-21`,
      'dbctl.waivers.yaml:4:12: expires in 181 days, and 180 are the most: what lasts longer belongs in dbctl.yaml',
    ],
    [
      'a critical check nobody approved',
      `- check: loc-db-version\n  ${REST}\n  expires: 2027-01-01`,
      'dbctl.waivers.yaml:1:3: check "loc-db-version" is critical: its waiver needs approved_by',
    ],
    ['no YAML at all', '- check: [', 'dbctl.waivers.yaml:1:11:'],
    [
      'an alias',
      `- check: &a version-pin\n  object: *a\n  ${REST}\n  expires: 2027-01-01`,
      `dbctl.waivers.yaml:2:11: a value that starts with * stands in quotes: object: '*'`,
    ],
    [
      'a star without quotes',
      `- check: version-pin\n  object: *\n  ${REST}\n  expires: 2027-01-01`,
      `dbctl.waivers.yaml:2:11: a value that starts with * stands in quotes: object: '*'`,
    ],
    [
      'a glob without quotes',
      `- check: version-pin\n  object: *_old\n  ${REST}\n  expires: 2027-01-01`,
      `dbctl.waivers.yaml:2:11: a value that starts with * stands in quotes: object: '*'`,
    ],
  ])('is refused for %s', (_, text, problem) => {
    expect(problemsOf(text)).toContain(problem);
    expect(problemsOf(text).split('\n')).toHaveLength(1);
  });

  it('may run exactly 180 days', () => {
    expect(read(`- check: version-pin\n  ${REST}\n  expires: 2027-05-20`)).toHaveLength(1);
  });

  it('says every problem at once', () => {
    expect(
      problemsOf('- check: version-pin\n  owner: ops\n- nothing\n- check: x\n  reason: y\n  owner: z\n  expires: never').split(
        '\n',
      ),
    ).toHaveLength(6);
  });
});

describe('a waiver', () => {
  it.each<[string, string, boolean]>([
    ['*', 'anything', true],
    ['shop.order', 'shop.order', true],
    ['shop.order', 'shopXorder', false],
    ['shop.*', 'shop.order_id', true],
    ['shop.*', 'the shop.order', false],
    ['role ?', 'role a', true],
    ['role ?', 'role ab', false],
    ['[a-z]', 'b', false],
    ['a|b', 'b', false],
    ['*', 'two\nlines', true],
  ])('for %j and %j: %s', (object, found, expected) => {
    expect(concerns(waiverFor('version-pin', { object }), { id: 'version-pin', object: found }, 'dev')).toBe(expected);
  });

  it('is for its check and its environment only', () => {
    const waiver = waiverFor('version-pin', { environment: 'prod' });
    expect(concerns(waiver, { id: 'version-pin', object: 'cluster' }, 'prod')).toBe(true);
    expect(concerns(waiver, { id: 'version-pin', object: 'cluster' }, 'dev')).toBe(false);
    expect(concerns(waiver, { id: 'version-advisory-age', object: 'cluster' }, 'prod')).toBe(false);
  });

  it.each([
    ['2026-11-21', 0],
    ['2026-11-22', 1],
    ['2026-11-20', -1],
    ['2027-05-20', 180],
  ])('that ends on %s has %i days', (expires, days) => {
    for (const time of ['00:00:00Z', '23:59:59Z']) expect(daysLeft(expires, new Date(`2026-11-21T${time}`))).toBe(days);
  });
});
