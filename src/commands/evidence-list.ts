import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { ChainedReport } from '../ops/report-chain/report.ts';
import type { ChainLink } from '../ops/report-chain/verify.ts';
import { openBackups } from './backup-context.ts';
import type { Context } from './context.ts';
import { openEvidence } from './evidence-context.ts';

export const spec: CommandSpec = {
  name: 'evidence list',
  summary: 'the access reviews that were recorded, and the drills beside the backups',
  description:
    'Every record with what it answers, who reviewed it and its hash, oldest first: access reviews of the environment under ' +
    'evidence.storage, and the reports of ' +
    'drills in each of backup.repositories. Each is checked as dbctl evidence verify does. Needs no database and no private key. Exit 1 when ' +
    'one is not as it was signed, or one is missing.',
  effect: 'reads',
  examples: [
    ['dbctl evidence list --env prod', 'what is there?'],
    ['dbctl evidence list --env prod --format json', 'with the hashes whole'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const items = [...(await reviewItems(context)), ...(await drillItems(context))];
  const broken = items.filter(({ status }) => status === 'fail').length;
  return {
    ok: broken === 0,
    items,
    summary: {
      reviews: items.filter(({ id }) => id === 'access-review').length,
      drills: items.filter(({ id }) => id === 'drill').length,
      broken,
    },
    view: {
      columns: [
        { field: 'object', title: 'record' },
        { field: 'answer', title: 'answer' },
        { field: 'by', title: 'by' },
        { field: 'short', title: 'hash' },
        { field: 'message', title: '' },
      ],
      notes: items.length === 0 ? ['There is no record. Make one: dbctl evidence export'] : [],
    },
  };
}

async function reviewItems(context: Context): Promise<Item[]> {
  const [{ verifyReports }, { accessReviews }] = await Promise.all([
    import('../ops/report-chain/verify.ts'),
    import('../ops/evidence/review.ts'),
  ]);
  const { place, publicKeys } = await openEvidence(context);
  return (await verifyReports(place, accessReviews(context.globals.env), publicKeys)).map((link) =>
    linkItem('access-review', link, ({ answer, environment, reviewers }) => ({
      answer: reviewers.length === 0 ? `${answer}; collected` : answer,
      by: reviewers.length === 0 ? 'nobody' : reviewers.join(', '),
      environment,
      reviewers: [...reviewers],
    })),
  );
}

/** Of each repository; one that does not answer is said so, and the others are listed. */
async function drillItems(context: Context): Promise<Item[]> {
  const { config } = await context.config();
  if (config.backup.repositories.length === 0) return [];
  const [{ verifyReports }, { repositories, publicKeys }] = await Promise.all([
    import('../ops/drill/report.ts'),
    openBackups(context, undefined),
  ]);
  const found = repositories.map(async (repository) => {
    try {
      const links = await verifyReports(repository, publicKeys);
      return links.map((link) =>
        linkItem('drill', link, ({ answer, operator }) => ({ answer, by: operator, repository: repository.name })),
      );
    } catch (thrown) {
      if (!(thrown instanceof DbctlError)) throw thrown;
      return [notRead(repository.name, thrown)];
    }
  });
  return (await Promise.all(found)).flat();
}

const notRead = (name: string, { message, hint }: DbctlError): Item =>
  item({ id: 'drill', object: `drills of ${name}`, status: 'unknown', severity: 'medium', message, fix: hint ?? null });

function linkItem<Report extends ChainedReport>(
  id: string,
  { id: object, report, hash, problems }: ChainLink<Report>,
  more: (report: Report) => Partial<Item>,
): Item {
  const wrong =
    problems.length === 0
      ? {}
      : ({ status: 'fail', severity: 'high', fix: 'dbctl evidence verify, or dbctl backup drill --verify-reports' } as const);
  return item({
    id,
    object,
    message: problems.join('; '),
    ...wrong,
    number: report?.number ?? null,
    at: report?.at ?? null,
    hash,
    short: hash?.slice(0, 12) ?? null,
    ...(report === null ? { answer: 'unknown' } : more(report)),
  });
}
