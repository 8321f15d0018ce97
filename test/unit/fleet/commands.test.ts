import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/commands/index.ts';

/** Commands that read and ask a database, and do not take --targets, each with its reason. */
const NOT_OVER_TARGETS: Readonly<Record<string, string>> = {
  'backup create': 'writes backups into the repositories of one environment',
  'backup mask': 'writes a file',
  doctor: 'looks at this machine',
  'ledger export': 'writes files',
  'ledger proof': 'is about one row of one table',
  'roles separation': 'compares one environment with another',
  'roles suggest': 'writes what it has seen into files, over weeks',
};

const commandsFolder = new URL('../../../src/commands/', import.meta.url);
const asksDatabase = (name: string): boolean => {
  const file = readdirSync(commandsFolder).find((one) => one === `${name.replaceAll(' ', '-')}.ts`);
  return /withDatabase|context\.connection|compareOnce|comparer\(/.test(
    readFileSync(new URL(file ?? '', commandsFolder), 'utf8'),
  );
};

describe('--targets', () => {
  it('is for commands that read, and for those alone', () => {
    expect(COMMANDS.filter(({ spec }) => spec.targets === true && spec.effect !== 'reads')).toEqual([]);
  });

  it('is for every command that reads a database, but for those that have a reason', () => {
    const reading = COMMANDS.filter(({ spec }) => spec.effect === 'reads' && asksDatabase(spec.name));
    const without = reading.filter(({ spec }) => spec.targets !== true).map(({ spec }) => spec.name);
    expect(without.toSorted()).toEqual(Object.keys(NOT_OVER_TARGETS).toSorted());
  });
});
