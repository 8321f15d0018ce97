import { expect, test } from 'vitest';
import { SHOWN_OBJECTS } from '../../../src/ops/roles/catalog/shown.ts';
import { VERIFY_MEMBERSHIPS, VERIFY_OBJECTS } from '../../../src/ops/roles/desired/duty.ts';
import { privilegesOf } from '../../../src/ops/roles/rights/privilege.ts';
import { neededGrants } from '../../../src/ops/verify/grants.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';

test('the duty to verify has what dbctl verify --print-grants writes, and nothing more', async () => {
  const written = neededGrants(await loadChecks([builtInFolder()]), 'looks')
    .filter(({ kind, statement }) => kind === 'needed' && !/ dbctl[ .]/.test(statement))
    .map(({ statement }) => statement);
  const objects = Object.entries(VERIFY_OBJECTS).map(([name, mask]) => {
    const right = `${privilegesOf(mask).join(', ').toLowerCase()} on ${name.endsWith(')') ? 'function ' : ''}${name}`;
    return `grant ${right} to "looks";`;
  });
  expect([...VERIFY_MEMBERSHIPS.map((role) => `grant ${role} to "looks";`), ...objects].toSorted()).toEqual(written.toSorted());
});

test('roles.yaml can grant all of it', () => {
  for (const name of Object.keys(VERIFY_OBJECTS)) expect(SHOWN_OBJECTS).toContain(name.replace(/^pg_catalog\.|\(\)$/g, ''));
});
