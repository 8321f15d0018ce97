import { item, type Answer, type Item } from '../core/report.ts';
import type { ChainLink } from '../ops/drill/chain.ts';
import type { Backups } from './backup-context.ts';

/** Every report of a repository: as it was signed, and none taken away. */
export async function verifyDrillReports({ repository, publicKeys }: Backups, head: string | undefined): Promise<Answer> {
  const { verifyReports } = await import('../ops/drill/chain.ts');
  const links = await verifyReports(repository, publicKeys, head);
  const bad = links.filter(({ problems }) => problems.length > 0);
  const last = links.findLast(({ report }) => report !== null);
  return {
    ok: bad.length === 0,
    items: links.map(linkItem),
    summary: { repository: repository.name, reports: links.length, broken: bad.length, head: last?.hash ?? null },
    view: {
      columns: [
        { field: 'object', title: 'report' },
        { field: 'answer', title: 'answer' },
        { field: 'message', title: 'what was seen' },
      ],
      notes: [
        links.length === 0
          ? 'No drill was reported. Run one: dbctl backup drill'
          : `Write the head down elsewhere, and ask for it next time with --head: ${last?.hash ?? 'none'}`,
      ],
    },
  };
}

function linkItem({ id, report, problems }: ChainLink): Item {
  const answer = report?.answer ?? 'unknown';
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
