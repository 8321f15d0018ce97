import * as z from 'zod';
import { variableName } from './forms.ts';
import { words } from './ledger.ts';
import { choice, kinds, listOf, section } from './values.ts';

const commands = () =>
  z
    .array(words(), { error: 'expected a list of commands, each a list of words' })
    .register(kinds, { name: 'list of lists', reads: 'list' })
    .prefault([]);

/** Programs around `backup create`, `drill`, `sync` and `prune`. */
export const hooks = section({
  before: commands().describe(
    'Programs that run before it, in their order; one that does not end with 0 stops it: [[PROGRAM, ARGUMENT, …], …].',
  ),
  after: commands().describe('Programs that run after it, whatever came of it; the notice comes on standard input as JSON.'),
});

const notice = section({
  on: listOf(choice(['failed', 'passed']), 'a list of failed, passed', 1)
    .prefault(['failed'])
    .describe('Which outcomes are told.'),
  command: words().optional().describe('Program and arguments: the notice comes on standard input as JSON.'),
  webhook: section({
    variable: variableName().describe('Environment variable that holds the URL: whoever knows it can write there.'),
  })
    .register(kinds, { name: 'mapping', reads: 'list' })
    .optional()
    .describe('Where the notice is posted as JSON; its `text` is one line for people.'),
}).refine((value) => (value.command === undefined) !== (value.webhook === undefined), {
  error: 'tells nobody, or two: write either command: [PROGRAM, …] or webhook: {variable: NAME}',
  params: { absent: ['command', 'webhook'] },
  when: ({ value }) => typeof value === 'object' && value !== null,
});

/** `which`: the commands, for the reference. */
export const notify = (which: string) =>
  z
    .array(notice, { error: 'expected a list of mappings' })
    .register(kinds, { name: 'list of mappings', reads: 'list' })
    .prefault([])
    .describe(`Who is told how ${which} ended.`);
