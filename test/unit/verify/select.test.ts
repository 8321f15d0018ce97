import { describe, expect, it } from 'vitest';
import { selectChecks, type Selection } from '../../../src/ops/verify/select.ts';
import { checkNamed } from './support.ts';

const CHECKS = [
  checkNamed('time-a', { group: 'time' }),
  checkNamed('time-b', { group: 'time' }),
  checkNamed('loc-a', { group: 'locale' }),
];
const ALL: Selection = { configuredGroups: 'all', skip: [], required: [] };
const select = (selection: Partial<Selection>) => {
  const { run, skipped } = selectChecks(CHECKS, { ...ALL, ...selection });
  return [run.map(({ id }) => id), skipped.map(({ id }) => id)];
};

describe('the selection', () => {
  it.each<[Partial<Selection>, string[], string[]]>([
    [{}, ['time-a', 'time-b', 'loc-a'], []],
    [{ configuredGroups: ['locale'] }, ['loc-a'], []],
    [{ configuredGroups: ['locale'], groups: ['time'] }, ['time-a', 'time-b'], []],
    [{ skip: ['time-a'] }, ['time-b', 'loc-a'], ['time-a']],
    [{ skip: ['time-a'], configuredGroups: ['locale'] }, ['loc-a'], []],
    [{ only: ['time-a'], skip: ['time-a'], configuredGroups: ['locale'] }, ['time-a'], []],
  ])('%j', (selection, run, skipped) => {
    expect(select(selection)).toEqual([run, skipped]);
  });

  it.each<[Partial<Selection>, string, string]>([
    [{ only: ['time-a', 'tme-b'] }, 'usage', '--only: no check "tme-b", did you mean "time-b"?'],
    [{ groups: ['tiem'] }, 'usage', '--group: no group "tiem", did you mean "time"?'],
    [{ skip: ['gone'] }, 'config.invalid', 'verify.skip: no check "gone"'],
    [{ required: ['gone'] }, 'config.invalid', 'verify.required: no check "gone"'],
    [{ configuredGroups: ['local'] }, 'config.invalid', 'verify.groups: no group "local", did you mean "locale"?'],
  ])('refuses %j', (selection, code, message) => {
    expect(() => select(selection)).toThrow(
      expect.objectContaining({ code, message, hint: 'Run dbctl verify --list to see every check with its group.' }),
    );
  });
});
