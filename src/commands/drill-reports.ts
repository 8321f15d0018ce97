import type { Answer } from '../core/report.ts';
import type { Backups } from './backup-context.ts';
import { chainAnswer } from './report-chain-answer.ts';

/** Every report of a repository: as it was signed, and none taken away. */
export async function verifyDrillReports({ repository, publicKeys }: Backups, head: string | undefined): Promise<Answer> {
  const { verifyReports } = await import('../ops/drill/report.ts');
  return chainAnswer(await verifyReports(repository, publicKeys, head), {
    summary: { repository: repository.name },
    answer: (report) => report.answer,
    none: 'No drill was reported. Run one: dbctl backup drill',
  });
}
