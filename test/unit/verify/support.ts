import type { Check } from '../../../src/ops/verify/check.ts';
import type { Waiver } from '../../../src/ops/verify/waiver.ts';

/** A check with its usual values; its query is never run. */
export function checkNamed(id: string, changes: Partial<Check> = {}): Check {
  return {
    id,
    file: `checks/${id}.sql`,
    title: `${id} is as wanted`,
    severity: 'high',
    group: 'time',
    scope: 'cluster',
    since: null,
    until: null,
    needs: [],
    params: [],
    why: 'Because.',
    fix: 'alter role {role} nologin;',
    fixManaged: null,
    refs: ['https://www.postgresql.org/'],
    query: 'select',
    text: '',
    ...changes,
  };
}

/** A waiver that covers everything of the check, for a month from NOW. */
export function waiverFor(check: string, changes: Partial<Waiver> = {}): Waiver {
  return {
    check,
    object: '*',
    environment: null,
    reason: 'the update is planned for the window of December',
    owner: 'ops',
    expires: '2026-12-21',
    approvedBy: null,
    file: 'dbctl.waivers.yaml',
    line: 3,
    ...changes,
  };
}

export const NOW = new Date('2026-11-21T10:00:00Z');
