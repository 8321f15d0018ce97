import type { Mask } from '../rights/privilege.ts';

/** A line of roles.yaml, or what a right follows from, and which privileges it gives. */
export interface Reason {
  readonly mask: Mask;
  readonly because: string;
}

/** Something wanted for one reason, or, once put together, for several. */
export interface Reasoned extends Reason {
  /** Only where there are several: each with what it gives. */
  readonly reasons?: readonly Reason[];
}

/** The same thing wanted for one reason more. */
export function withReason<Wanted extends Reasoned>(before: Wanted, { mask, because }: Reason): Wanted {
  const known = before.reasons ?? [{ mask: before.mask, because: before.because }];
  const isNew = !known.some((reason) => reason.because === because && (mask & ~reason.mask) === 0);
  return isNew ? { ...before, mask: before.mask | mask, reasons: [...known, { mask, because }] } : before;
}

/** Why these privileges are wanted: whoever takes one back has to look at every line that gives it. */
export function becauseOf({ because, reasons }: Reasoned, asked: Mask): string {
  if (reasons === undefined) return because;
  const [first = because, ...others] = new Set(
    reasons.filter(({ mask }) => (mask & asked) !== 0).map((reason) => reason.because),
  );
  return others.length === 0 ? first : `${first} as well as ${others.join(' and ')}`;
}
