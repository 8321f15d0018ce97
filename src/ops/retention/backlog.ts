/** How much there is to do for a rule, of whatever kind. */
export interface Backlog {
  readonly rows: number;
  /** estimate: of the planner. counted: up to MOST_COUNTED and one. exact: all. */
  readonly how: 'estimate' | 'counted' | 'exact';
  /** null: the table was never analysed. */
  readonly bytes: number | null;
  /** Of the oldest row that goes; ISO 8601, UTC; null: none goes. */
  readonly oldest: string | null;
  /** Seconds by which the oldest is older than the rule keeps it; 0: none goes. */
  readonly lateSeconds: number;
  /** Past their age and held, up to MOST_COUNTED and one. */
  readonly held: number;
}
