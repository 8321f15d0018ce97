import type { FleetTarget } from '../../config/targets/load.ts';
import type { DbctlError } from '../../core/errors.ts';
import type { Answer } from '../../core/report.ts';

/** What became of one target. */
export interface Looked {
  readonly target: FleetTarget;
  /** The environment whose policy held. */
  readonly env: string;
  readonly durationMs: number;
  /** The command's answer, or why there is none. */
  readonly end: { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'unseen'; readonly error: DbctlError };
}

/** What was asked for. */
export interface Asked {
  readonly command: string;
  /** How messages name the inventory. */
  readonly file: string;
  /** `key=value`, as given. */
  readonly labels: readonly string[];
  readonly parallel: number;
}

/** Exit status of one target alone (contract C2). */
export function exitOf({ end }: Looked): number {
  return end.kind === 'unseen' ? end.error.exit : end.answer.ok ? 0 : 1;
}

/** A few names, and how many more. */
export function namesText(names: readonly string[], most = 3): string {
  const rest = names.length - most;
  return rest <= 0 ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${rest} more`;
}
