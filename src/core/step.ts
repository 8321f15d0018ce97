/** One act of a plan: `--dry-run` prints the very steps that `apply` runs. */
export interface Step {
  readonly id: string;
  /** What will happen to the user's database, in words. */
  readonly summary: string;
  /** What it is done to. */
  readonly object: string;
  /** The statements, ready to paste; null for acts outside the database. */
  readonly sql: string | null;
  /** Runs inside the plan's transaction, or alone. */
  readonly transactional: boolean;
}

/** A step that runs inside the plan's transaction. */
export const step = (id: string, object: string, summary: string, sql: string): Step => ({
  id,
  object,
  summary,
  sql,
  transactional: true,
});
