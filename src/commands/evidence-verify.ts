import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { openEvidence } from './evidence-context.ts';
import { chainAnswer } from './report-chain-answer.ts';

export const spec: CommandSpec = {
  name: 'evidence verify',
  summary: 'is every access review the one that was signed, and is none missing?',
  description:
    'Reads every record of the environment under evidence.storage: is it the one that was signed, is its Markdown the one that was signed with it, does it follow ' +
    'the one before. Needs no database and no private key, only the public keys of dbctl.yaml. One that was changed, exchanged or taken away ' +
    'is found; the newest ones, taken away with all that is left of them, only by a hash that was written down elsewhere: ask for it with ' +
    '--head. Exit 1 when something is wrong. The reports of drills are beside the backups: dbctl backup drill --verify-reports.',
  effect: 'reads',
  options: [{ flags: '--head <sha256>', description: 'the hash of a record, as it was written down elsewhere' }],
  examples: [
    ['dbctl evidence verify --env prod', 'for the auditor: every record, and none is missing'],
    ['dbctl evidence verify --env prod --head HASH', 'and none of the newest either'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const head = options['head'] as string | undefined;
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head))
    fail('usage', `a head has 64 digits from 0 to f, and ${JSON.stringify(head)} has not`, {
      hint: 'dbctl evidence export prints it.',
    });
  const [{ verifyReports }, { accessReviews }] = await Promise.all([
    import('../ops/report-chain/verify.ts'),
    import('../ops/evidence/review.ts'),
  ]);
  const { place, publicKeys } = await openEvidence(context);
  const links = await verifyReports(place, accessReviews(context.globals.env), publicKeys, head);
  const answer = chainAnswer(links, {
    summary: { place: place.storage.place, environment: context.globals.env },
    answer: (report) => report.answer,
    none: `${place.storage.place} holds no access review of ${context.globals.env}. Make one: dbctl evidence export`,
  });
  return { ...answer, view: { ...answer.view, notes: [...(answer.view?.notes ?? []), ...keyNotes(publicKeys)] } };
}

const keyNotes = (publicKeys: readonly string[]): string[] =>
  publicKeys.length > 0
    ? []
    : ['No public key is known here: list those that dbctl ledger key printed under ledger.public_keys in dbctl.yaml.'];
