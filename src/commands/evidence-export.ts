import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { SEVERITIES, type Answer, type Severity } from '../core/report.ts';
import type { AccessReview } from '../ops/evidence/review.ts';
import type { StoredReport } from '../ops/report-chain/store.ts';
import type { Context } from './context.ts';
import { reviewAnswer } from './evidence-answer.ts';
import { openEvidence, type Evidence } from './evidence-context.ts';
import { parseReviewer, reviewersOf } from './evidence-reviewers.ts';
import { migrateSettings } from './migrate-settings.ts';
import { comparer } from './roles-context.ts';
import { startOf } from './evidence-start.ts';
import { parseTime } from './time-option.ts';

export const spec: CommandSpec = {
  name: 'evidence export',
  summary: 'record who may do what, what is not as declared, and who reviewed it',
  description:
    'An access review for auditors (SOC 2 CC6.2 and CC6.3, ISO 27001 A.5.15 and A.5.18). Reads in one snapshot: roles.yaml and its commit, every ' +
    'declared role and every login with what it may do, the findings of dbctl roles audit, what dbctl roles plan would do, exceptions and ' +
    'when they end, roles that were lent, unlocks and permits of append-only tables, runs of dbctl that changed something, passwords and ' +
    'use of logins, what changed since the review before, and what could not be seen. Stores it as JSON, Markdown and a signed note under ' +
    'evidence.storage, each naming the hash of the one before. Changes nothing in the database, and never holds a password. Without ' +
    '--reviewer it is a collection that says that nobody has reviewed it. Needs no more than a login; what it may not see is said so, and is ' +
    'no yes. Exit 1 when a finding at or above --fail-on is accepted by no exception; it is stored all the same.',
  effect: 'changes',
  options: [
    { flags: '--reviewer <name>', description: 'who reviewed it', repeatable: true, parse: parseReviewer },
    { flags: '--minutes <file>', description: 'what was decided, as text: kept in the record with its hash' },
    {
      flags: '--since <time>',
      description: 'from when on (default: the review before, else 90 days ago), such as 2026-08-01',
      parse: parseTime,
    },
    {
      flags: '--fail-on <severity>',
      description: 'the least severity that makes the answer no',
      choices: SEVERITIES,
      default: 'medium',
    },
    { flags: '--strict', description: 'what could not be seen makes the answer no, too' },
  ],
  examples: [
    ['dbctl evidence export --env prod', 'collect, to read it in the meeting'],
    ['dbctl evidence export --env prod --reviewer "Ann Lee" --reviewer "Bo Ray" --minutes minutes.md', 'after the meeting'],
    ['dbctl evidence export --env prod --since 2026-08-01 --dry-run', 'look, and store nothing'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const people = await reviewersOf(options, context);
  const evidence = await openEvidence(context);
  const { dryRun } = context.globals;
  // Who cannot sign is told before a large database is read.
  if (!dryRun) await evidence.signer();
  const { start, before } = await startOf(options['since'] as Date | undefined, evidence, context);
  const [{ collectAccess }, { roleChanges }, compare, { declarationOf }] = await Promise.all([
    import('../ops/evidence/collect.ts'),
    import('../ops/evidence/roles.ts'),
    comparer(context),
    import('./evidence-declaration.ts'),
  ]);
  const failOn = options['failOn'] as Severity;
  const { seen, items, target } = await context.withDatabase(SESSION, async (session) => ({
    ...(await collectAccess(session, { compare, failOn, start })),
    target: context.target(session),
  }));
  const { operator } = await migrateSettings(context);
  const { environment } = await context.config();
  const facts: Facts = {
    environment: environment.name,
    protected: environment.protected,
    operator: operator.name,
    dbctl: operator.toolVersion,
    ...people,
    ...seen,
    declaration: await declarationOf(context, start.since),
    changes:
      before === null
        ? null
        : { since: before.id, server: before.server.systemIdentifier, roles: roleChanges(before.roles, seen.roles) },
  };
  const stored = dryRun ? null : await store(facts, evidence, context);
  return reviewAnswer({ facts, items, stored, strict: options['strict'] === true, target });
}

const SESSION = { access: 'read', applicationName: 'dbctl evidence' } as const;

/** A review without its place in the chain. */
type Facts = Omit<AccessReview, 'format' | 'id' | 'number' | 'at' | 'previous'>;

async function store(facts: Facts, evidence: Evidence, context: Context): Promise<StoredReport<AccessReview>> {
  const [{ storeReport }, { accessReviews }] = await Promise.all([
    import('../ops/report-chain/store.ts'),
    import('../ops/evidence/review.ts'),
  ]);
  const { place, publicKeys } = evidence;
  const { clock, signal } = context;
  return storeReport(
    place,
    accessReviews(facts.environment),
    (chain): AccessReview => ({ format: 'dbctl-access-review/1', ...chain, ...facts }),
    {
      at: clock(),
      about: facts.environment,
      signer: await evidence.signer(),
      publicKeys,
      signal,
    },
  );
}
