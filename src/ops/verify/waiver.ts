/** A finding somebody has accepted, and answers for until a day. */
export interface Waiver {
  readonly check: string;
  /** Glob over the finding's object: `*` is any text, `?` any one character. */
  readonly object: string;
  /** Name of the environment; null: all. */
  readonly environment: string | null;
  readonly reason: string;
  readonly owner: string;
  /** Last day it counts, as YYYY-MM-DD, in UTC. */
  readonly expires: string;
  readonly approvedBy: string | null;
  readonly file: string;
  readonly line: number;
}

/** Days a waiver may run at most: longer is a change of policy, and belongs in dbctl.yaml. */
export const LONGEST_DAYS = 180;
/** Days before its end from which it is announced. */
export const NOTICE_DAYS = 14;

const DAY_MS = 86_400_000;

/** Days from today to the waiver's last day; negative once it is over. */
export function daysLeft(expires: string, now: Date): number {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return Math.round((Date.parse(`${expires}T00:00:00Z`) - today) / DAY_MS);
}

/** True when the waiver is about this finding in this environment, expired or not. */
export function concerns(
  waiver: Waiver,
  finding: { readonly id: string; readonly object: string },
  environment: string,
): boolean {
  return (
    waiver.check === finding.id &&
    (waiver.environment ?? environment) === environment &&
    globPattern(waiver.object).test(finding.object)
  );
}

function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/[.*+?^${}()|[\]\\]/g, (sign) => ({ '*': '[\\s\\S]*', '?': '[\\s\\S]' })[sign] ?? `\\${sign}`);
  return new RegExp(`^${source}$`, 'u');
}
