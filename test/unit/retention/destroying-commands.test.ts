import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/commands/index.ts';
import { readFileSync } from 'node:fs';

/**
 * Every command that destroys, and how it honours legal holds. A new one has to be entered here, in the table of docs/retention.md, and tried in
 * test/postgres/retention/honoured.test.ts: a hold that one of many ways past it ignores is no hold.
 */
const HONOURED: Readonly<Record<string, string>> = {
  'dev reset': 'refuses while anything is held in the development database',
  'immutability uninstall': 'removes no row',
  'retention run': 'every batch reads the holds',
  restore: 'removes nothing',
};

describe('legal holds', () => {
  const destroying = COMMANDS.filter(({ spec }) => spec.effect === 'destroys').map(({ spec }) => spec.name);

  test('are honoured by every command that destroys', () => {
    expect(destroying.toSorted()).toEqual(Object.keys(HONOURED).toSorted());
  });

  test('and docs/retention.md says how', () => {
    const page = readFileSync(new URL('../../../docs/retention.md', import.meta.url), 'utf8');
    for (const [command, how] of Object.entries(HONOURED)) {
      expect(
        page.split('\n').find((line) => line.startsWith(`| \`${command}\` |`)),
        command,
      ).toContain(how);
    }
  });

  test('and each of them is tried', () => {
    const tried = readFileSync(new URL('../../postgres/retention/honoured.test.ts', import.meta.url), 'utf8');
    for (const command of destroying) expect(tried, command).toContain(`test('${command}:`);
  });
});
