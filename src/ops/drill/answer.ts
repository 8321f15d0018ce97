import type { DrillStep } from './steps.ts';

/** What a drill says, in one of four ways: a backup that cannot be restored is another matter than one that is late. */
export type DrillAnswer = 'passed' | 'target missed' | 'restored, but differs' | 'not restorable';

/** The worst of what was seen. `rtoSeconds` is null where the data never was there. Pure. */
export function answerOf(steps: readonly DrillStep[], rtoSeconds: number | null): DrillAnswer {
  if (rtoSeconds === null) return 'not restorable';
  if (steps.some(({ outcome }) => outcome === 'failed')) return 'restored, but differs';
  return steps.some(({ outcome }) => outcome === 'missed') ? 'target missed' : 'passed';
}

/** What each answer means to whoever is on call. */
export const ANSWER_MEANING: Readonly<Record<DrillAnswer, string>> = {
  passed: 'It was restored, compared, and is as it has to be.',
  'target missed': 'It is good, and a recovery takes longer or loses more than dbctl.yaml allows.',
  'restored, but differs': 'It came back, and is not as it has to be: look at what failed before you rely on it.',
  'not restorable': 'No database came of it: take another backup now, and find out why.',
};
