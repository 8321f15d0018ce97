import { fail } from '../../core/errors.ts';
import { describeProblem, type HeaderProblem } from '../../core/header.ts';

/** Fails with config.invalid when there is a problem: the count and the first in the message, all of them in the detail. */
export function failOnProblems(problems: readonly HeaderProblem[], hint: string): void {
  const [first] = problems;
  if (first === undefined) return;
  const lead = problems.length === 1 ? '1 problem' : `${problems.length} problems, the first`;
  fail('config.invalid', `${lead}: ${describeProblem(first)}`, {
    hint,
    position: first.position,
    detail: problems.map(describeProblem).join('\n'),
  });
}
