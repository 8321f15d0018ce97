import * as z from 'zod';
import { notify } from './notices.ts';
import { partitions } from './partitions.ts';
import { archiveRule } from './retention-archive.ts';
import { deleteRule } from './retention-delete.ts';
import { moveBlobsRule } from './retention-move-blobs.ts';
import { age, THEN_EXPECTED } from './retention-rule.ts';
import { ruleName } from './retention-text.ts';
import { kinds, section } from './values.ts';

/** Kinds of rules, told apart by `then`; each is a file of its own. */
const rule = z.discriminatedUnion('then', [deleteRule, archiveRule, moveBlobsRule], {
  error: ({ code }) => (code === 'invalid_union' ? THEN_EXPECTED : 'expected a mapping'),
});

export type RetentionEntry = z.output<typeof rule>;

const rules = z
  .array(rule, { error: 'expected a list of rules' })
  .check((payload) => {
    payload.value.forEach((one, index) => {
      const first = payload.value.findIndex((other) => ruleName(other) === ruleName(one));
      if (first === index) return;
      const message = `rule ${ruleName(one)} is there twice: give one of them another name`;
      payload.issues.push({ code: 'custom', input: one, path: [index, one.name === undefined ? 'table' : 'name'], message });
    });
  })
  .register(kinds, { name: 'list of mappings', reads: 'list' });

export const retention = section({
  partitions: partitions
    .prefault([])
    .describe('Tables whose next partitions are made beforehand, and whose default partitions are watched.'),
  rules: rules.prefault([]).describe('What leaves when it is old enough, and how; they run in this order.'),
  grace: age()
    .prefault('1 day')
    .describe('How far a rule may be behind before `retention status` says no: the age of the oldest row beyond its keep.'),
  notify: notify('`retention run`, `verify`, `partitions` and `status`'),
});
