import type { RolesFile } from '../config/roles/load.ts';
import type { Answer } from '../core/report.ts';
import type { LastApplied } from '../ops/roles/apply/last-applied.ts';

/** As many digits as people compare. */
const SHOWN = 12;

/**
 * Two people with two files take from each other what the other gave: whoever plans or applies is told when the file applied last was another one.
 * It is no finding: a file that was changed on purpose is another one too. null: it is the same, or not known.
 */
export function otherFileText(last: LastApplied | null, { label, sha256 }: Pick<RolesFile, 'label' | 'sha256'>): string | null {
  if (last === null || last.sha256 === sha256) return null;
  const commit = last.commit === null ? '' : `, commit ${last.commit.slice(0, SHOWN)}`;
  return (
    `The file applied last is another one: sha256 ${last.sha256.slice(0, SHOWN)}, by ${last.operator} at ${last.at}${commit}. ` +
    `This ${label} is ${sha256.slice(0, SHOWN)}.`
  );
}

/** An answer that says so: above its other notes, and to programs in the summary, null where it is not known. */
export function withLastApplied(answer: Answer, last: LastApplied | null, file: Pick<RolesFile, 'label' | 'sha256'>): Answer {
  const text = otherFileText(last, file);
  const lastApplied = last === null ? null : { ...last, same: last.sha256 === file.sha256 };
  const notes = [...(text === null ? [] : [text]), ...(answer.view?.notes ?? [])];
  return {
    ...answer,
    summary: { ...answer.summary, file: { label: file.label, sha256: file.sha256 }, lastApplied },
    view: { ...answer.view, notes },
  };
}
