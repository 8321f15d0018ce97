import type { ArchiveRule } from '../../ops/retention/settings.ts';
import type { Context } from '../context.ts';
import type { BoundRule } from './index.ts';
import { unfitRow } from './row.ts';

const PROBLEM = 'then: archive is read, and not run yet';

/** `then: archive`: partitions leave once somebody else has read their copy back. */
export const bindArchive = (rule: ArchiveRule, _context: Context): BoundRule => ({
  rule,
  words: `${rule.schema}.${rule.table}, partitions older than ${rule.keep}`,
  plan: async () => ({ row: unfitRow(rule, rule.by, PROBLEM, []), parts: [], remarks: [], going: null, backlog: null }),
  run: async () => {
    const { unfitOutcome } = await import('../../ops/retention/outcome.ts');
    return unfitOutcome(rule, PROBLEM, []);
  },
  look: () => Promise.resolve(PROBLEM),
});
