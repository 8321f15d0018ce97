import { grantEvidence, grantsOf } from './grants.ts';
import type { Rule } from './model.ts';

export const TRIGGER_RULES: readonly Rule[] = [
  {
    id: 'trigger-privilege',
    paths: [11],
    severity: 'high',
    title: 'TRIGGER on a table of somebody else',
    why: 'a temporary function as trigger of a permanent table ran as the superuser who updated it, and was gone with the session',
    judge: (facts) =>
      grantsOf(facts, ['table'], ['TRIGGER']).map((grant) =>
        grantEvidence(
          facts,
          grant,
          ['TRIGGER'],
          'it can make a trigger that runs with the rights of whoever writes to the table, and leaves no trace when its function is temporary',
        ),
      ),
  },
];
