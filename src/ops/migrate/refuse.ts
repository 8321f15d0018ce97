import { DbctlError, fail, type ErrorCode, type SourcePosition } from '../../core/errors.ts';
import { describeState } from './describe.ts';
import type { Objection } from './examine.ts';
import type { FileProblem, MigrationFolder } from './file.ts';
import type { MigrationState } from './plan.ts';

/** One reason not to run, and the way out. */
interface Reason {
  readonly place: string;
  readonly message: string;
  readonly hint: string;
  readonly position?: SourcePosition;
}

/** The first reason is the message; where there are more, the detail lists all of them, so that one look mends everything. */
function refuseFor(code: ErrorCode, reasons: readonly Reason[], file: (reason: Reason) => string): void {
  const [first] = reasons;
  if (first === undefined) return;
  const all = reasons.map(({ place, message, hint }) => `${place}: ${message}. ${hint}`).join('\n');
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  throw new DbctlError(code, `${file(first)}: ${first.message}${more}`, {
    hint: first.hint,
    ...(first.position === undefined ? {} : { position: first.position }),
    ...(reasons.length > 1 ? { detail: all } : {}),
  });
}

/** Fails with migration.invalid when the folder cannot be planned. */
export function refuseProblems({ problems }: MigrationFolder): void {
  const place = ({ file, line }: FileProblem) => (line === undefined ? file : `${file}:${line}`);
  const reasons = problems.map((problem) => ({ place: place(problem), message: problem.message, hint: problem.hint }));
  refuseFor('migration.invalid', reasons, () => problems[0]?.file ?? '');
}

/** Fails with usage when `--to` names a version nobody wrote: believing it was postgrator's way to do nothing and report success. */
export function refuseTarget({ files }: MigrationFolder, target: number | undefined): void {
  if (target === undefined || files.some(({ version }) => version === target)) return;
  fail('usage', `--to ${target}: no migration has this version`, {
    hint: `The folder holds versions ${files[0]?.id ?? ''} to ${files.at(-1)?.id ?? ''}.`,
  });
}

/** Fails with refused when folder and database do not belong together. */
export function refuseDrift(blocking: readonly MigrationState[]): void {
  const reasons = blocking
    .map(describeState)
    .map(({ object, message, fix }) => ({ place: object, message, hint: `Nothing was applied. ${fix ?? ''}` }));
  refuseFor('refused', reasons, ({ place }) => place);
}

/** Fails with migration.invalid when a pending file must not be run as it stands; nothing was started. */
export function refuseObjections(objections: readonly Objection[]): void {
  const reasons = objections.map(({ file, position, ...rest }) => ({
    place: `${file}:${position?.line ?? 1}:${position?.column ?? 1}`,
    ...(position === undefined ? {} : { position }),
    ...rest,
  }));
  refuseFor('migration.invalid', reasons, () => objections[0]?.file ?? '');
}
