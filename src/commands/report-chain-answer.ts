import { item, type Answer, type Item } from '../core/report.ts';
import type { ChainedReport } from '../ops/report-chain/report.ts';
import type { ChainLink } from '../ops/report-chain/verify.ts';

/** How the reports of a chain are told of. */
export interface ChainWords<Report extends ChainedReport> {
  /** Where they are, in the summary. */
  readonly summary: Answer['summary'];
  /** What a report answers, in a word or two. */
  readonly answer: (report: Report) => string;
  /** Said where there is none. */
  readonly none: string;
}

/** Whether every report is as it was signed, and none was taken away. */
export function chainAnswer<Report extends ChainedReport>(
  links: readonly ChainLink<Report>[],
  { summary, answer, none }: ChainWords<Report>,
): Answer {
  const bad = links.filter(({ problems }) => problems.length > 0);
  const last = links.findLast(({ report }) => report !== null);
  return {
    ok: bad.length === 0,
    items: links.map((link) => linkItem(link, link.report === null ? 'unknown' : answer(link.report))),
    summary: { ...summary, reports: links.length, broken: bad.length, head: last?.hash ?? null },
    view: {
      columns: [
        { field: 'object', title: 'report' },
        { field: 'answer', title: 'answer' },
        { field: 'message', title: 'what was seen' },
      ],
      notes: [
        links.length === 0
          ? none
          : `Write the head down elsewhere, and ask for it next time with --head: ${last?.hash ?? 'none'}`,
      ],
    },
  };
}

function linkItem({ id, problems }: ChainLink<ChainedReport>, answer: string): Item {
  if (problems.length === 0) return item({ id, object: id, message: 'as it was signed', answer });
  return item({
    id,
    object: id,
    status: 'fail',
    severity: 'high',
    message: problems.join('; '),
    fix: 'Bring the reports back from another copy of the repository, and find out who changed them.',
    answer,
  });
}
