import { describe, expect, it } from 'vitest';
import { problemText } from '../../../src/config/problem.ts';
import { HEAD } from './support/bad-file.ts';
import { BAD_FILES } from './support/bad-files.ts';
import { failure, load, problemsOf } from './support/project.ts';

describe('a broken dbctl.yaml', () => {
  it.each(BAD_FILES)('$name', async ({ yaml, problems, secret }) => {
    const error = await failure(yaml);
    expect(error.problems.map(problemText)).toEqual(problems);
    expect(error.code).toBe(secret === true ? 'secret.exposed' : 'config.invalid');
    expect(error.problems.some((problem) => problem.secret === true)).toBe(secret === true);
    expect(JSON.stringify([error, error.message, error.detail, error.hint, error.position])).not.toContain('hunter2');
  });

  it('is reported whole: the count and the first problem, all lines with a caret, the position of the first', async () => {
    const error = await failure(`${HEAD}verify:\n  fail_on: hihg\n  skip: [A]\nmigratoins: {}\n`);
    expect(error.message).toBe(
      '3 problems, the first: dbctl.yaml:4:12: verify.fail_on: expected one of critical, high, medium, low, info, ' +
        'found the text "hihg": did you mean high',
    );
    expect(error.exit).toBe(2);
    expect(error.hint).toBe('Print every key with its type and default: dbctl config schema.');
    expect(error.position).toEqual({ file: 'dbctl.yaml', line: 4, column: 12, text: '  fail_on: hihg' });
    expect(error.detail).toBe(
      [
        'dbctl.yaml:4:12: verify.fail_on: expected one of critical, high, medium, low, info, found the text "hihg": did you mean high',
        '      fail_on: hihg',
        '               ^',
        'dbctl.yaml:5:10: verify.skip[0]: expected a check id such as tz-server: lower case words joined by dashes, found the text "A"',
        '      skip: [A]',
        '             ^',
        'dbctl.yaml:6:1: migratoins: unknown key, did you mean migrations',
        '    migratoins: {}',
        '    ^',
      ].join('\n'),
    );
  });

  it('shows of a secret the key only', async () => {
    const error = await failure(`${HEAD}environments:\n  dev: {password: hunter2hunter2}\n`);
    expect(error.position?.text).toBe('  dev: {password: ***');
    expect(error.hint).toBe(
      'Keep it in an environment variable or a file of mode 0600, and change it if the file was ever committed.',
    );
  });

  it('cuts a long line around the column', async () => {
    const error = await failure(`${HEAD}verify: {skip: [${'aaaa, '.repeat(60)}B]}\n`);
    const [, line, caret] = error.detail?.split('\n').slice(-3) ?? [];
    expect(line?.length).toBe(114);
    expect(line?.[caret?.indexOf('^') ?? 0]).toBe('B');
  });

  it('shows control characters as question marks: they could drive the terminal', async () => {
    const error = await failure(`${HEAD}"\u001b[31mred": 1\nverify: {checks: 5} # \u001b[2J\n`);
    expect(`${error.message}${error.detail}`).not.toContain('\u001b');
    expect(error.detail).toContain('verify: {checks: 5} # ?[2J');
  });

  it('lists a hundred problems and counts the rest', async () => {
    const keys = Array.from({ length: 130 }, (_, index) => `key${index}: 1`).join('\n');
    const error = await failure(`${HEAD}${keys}\n`);
    expect(error.message).toBe('130 problems, the first: dbctl.yaml:3:1: key0: unknown key');
    expect(error.problems).toHaveLength(130);
    expect(error.detail?.endsWith('\nand 30 more')).toBe(true);
  });

  it('reports file, variables and flags together', async () => {
    const variables = { DBCTL_MIGRATIONS_LOCK_RETRIES: 'many', DBCTL_DEV_VERSION: '16' };
    const flags = { 'verify.fail_on': 'worst', 'verify.skip': ['tz-server', 'A'] };
    expect(await problemsOf(`${HEAD}verfy: {}\n`, { variables, flags, env: 'pord' })).toEqual([
      'dbctl.yaml:1:1: environments: no environment "pord": the file has dev',
      'dbctl.yaml:3:1: verfy: unknown key, did you mean verify',
      'DBCTL_MIGRATIONS_LOCK_RETRIES: migrations.lock_retries: expected a whole number from 0 to 1000, found the text "many"',
      'DBCTL_DEV_VERSION: dev.version: expected one of the numbers 18, 17, found the number 16',
      'command line: verify.fail_on: expected one of critical, high, medium, low, info, found the text "worst"',
      'command line: verify.skip[1]: expected a check id such as tz-server: lower case words joined by dashes, found the text "A"',
    ]);
  });

  it('says what is wrong with what verify allows', async () => {
    const allow = 'superuser: [postgres], createdb: [app, app], libraries: [$libdir/x], server_access: root, replication: [a.b]';
    expect(await problemsOf(`${HEAD}verify: {allow: {${allow}}}\n`)).toEqual([
      'dbctl.yaml:3:18: verify.allow.superuser: unknown key, did you mean superusers',
      'dbctl.yaml:3:57: verify.allow.createdb[1]: "app" is listed twice',
      'dbctl.yaml:3:75: verify.allow.libraries[0]: expected the name of a library such as auto_explain, found the text "$libdir/x"',
      'dbctl.yaml:3:102: verify.allow.server_access: expected a list of roles, found the text "root": write [root]',
      'dbctl.yaml:3:122: verify.allow.replication[0]: expected the name of a role, up to 63 letters, found the text "a.b"',
    ]);
  });

  it('says what is wrong with the limits of verify', async () => {
    const limits = 'standby_lag: 5, standby_lag_mb: 0, open_transactions: 1h, held_transactions: many, valid_days: 4000';
    expect(await problemsOf(`${HEAD}verify: {people: staff, limits: {${limits}}}\n`)).toEqual([
      'dbctl.yaml:3:18: verify.people: expected a list of roles, found the text "staff": write [staff]',
      'dbctl.yaml:3:47: verify.limits.standby_lag: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the number 5: a number alone has no unit, write 5s or 5000ms',
      'dbctl.yaml:3:66: verify.limits.standby_lag_mb: expected a whole number from 1 to 1048576, found the number 0',
      'dbctl.yaml:3:69: verify.limits.open_transactions: unknown key, did you mean open_transaction',
      'dbctl.yaml:3:111: verify.limits.held_transactions: expected a whole number from 1 to 2000000000, found the text "many"',
      'dbctl.yaml:3:129: verify.limits.valid_days: expected a whole number from 1 to 3660, found the number 4000',
    ]);
  });

  it('names the environment that was likely meant', async () => {
    expect(await problemsOf(`${HEAD}environments: {dev: {}, prod: {}}\n`, { env: 'pord' })).toEqual([
      'dbctl.yaml:3:1: environments: no environment "pord": the file has dev, prod; did you mean prod',
    ]);
  });
});

describe('a file made to be slow or huge', () => {
  const nine = (name: string, inner: string) => `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(', ')}]\n`;
  const names = 'abcdefghi'.split('');
  const laughs = names.map((name, index) => nine(name, index === 0 ? 'x' : `*${names[index - 1]}`)).join('');
  const chain = Array.from(
    { length: 3000 },
    (_, index) => `k${index}: &k${index}\n  ${index === 0 ? 'x' : `<<: *k${index - 1}\n  x${index}`}: 1\n`,
  );

  it.each([
    ['a billion laughs', HEAD + laughs, 'more than 50000 keys and values, aliases counted at each use'],
    ['merges of merges', HEAD + chain.join(''), 'more than 50000 keys and values, aliases counted at each use'],
    ['60,000 keys', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n'), 'more than 50000 keys and values'],
    ['deep nesting', `${HEAD}verify: ${'['.repeat(60)}${']'.repeat(60)}\n`, 'nested deeper than 50 levels'],
    ['nesting beyond the stack', `${HEAD}verify: ${'['.repeat(9000)}${']'.repeat(9000)}\n`, 'nested too deeply'],
    ['a long line without spaces', `${HEAD}verify: ${'a://b:c/'.repeat(100_000)}\n`, 'verify: expected a mapping'],
    ['a mistake on each of 100,000 lines', 'x\n:\n'.repeat(50_000), 'problems, the first'],
  ])(
    '%s is refused in seconds',
    async (_name, yaml, expected) => {
      expect((await failure(yaml)).message).toContain(expected);
    },
    20_000,
  );

  it('aliases and merges of a sensible size work', async () => {
    const shared = `${HEAD}environments:\n  dev: &base {tls: require, overlay: &o {verify: {fail_on: low}}}\n`;
    const { config } = await load(`${shared}  test: {<<: *base, tls: disable}\n  ci:\n    overlay: *o\n`, { env: 'test' });
    expect(config.environments['test']).toMatchObject({ name: 'test', tls: 'disable' });
    expect(config.verify.fail_on).toBe('low');
  });
});
