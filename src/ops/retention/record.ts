import type { JsonObject } from '../../core/json.ts';
import type { Session } from '../../db/session.ts';
import type { RuleOutcome } from './outcome.ts';

/** The command under which runs are recorded in dbctl.run. */
export const COMMAND = 'retention run';

/** What is kept of a run for each rule. */
export const ruleRecord = ({ rule, state, cutOff, deleted, batches, left, holds, problem, more }: RuleOutcome): JsonObject => ({
  rule: rule.name,
  then: rule.then,
  table: `${rule.schema}.${rule.table}`,
  keep: rule.keep,
  basis: rule.basis,
  state,
  cutOff,
  deleted,
  batches,
  left: left?.rows ?? null,
  held: left?.held ?? null,
  holds: [...holds],
  problem,
  ...more,
});

/** The last run of a rule. */
export interface LastRun {
  readonly rule: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly state: RuleOutcome['state'];
  readonly deleted: number;
  readonly operator: string;
}

/** The last record of every rule; null where this login may not read them; none in a database without schema dbctl. */
export async function readLastRuns(session: Session): Promise<readonly LastRun[] | null> {
  const readable = await runsAreReadable(session);
  if (readable === undefined) return [];
  return readable ? session.rows<LastRun>(LAST_RUNS, [COMMAND]) : null;
}

/** When runs began that never said how they ended: they were killed, and what they removed is whole batches. Call it under the retention lock. */
export async function readUnfinished(session: Session): Promise<readonly string[]> {
  const rows = await session.rows<{ at: string }>(UNFINISHED, [COMMAND]);
  return rows.map(({ at }) => at);
}

async function runsAreReadable(session: Session): Promise<boolean | undefined> {
  const [table] = await session.rows<{ readable: boolean }>(RUN_TABLE);
  return table?.readable;
}

const RUN_TABLE = /* sql */ `
select pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage') as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'dbctl' and c.relname = 'run'`;

const utc = (column: string): string => `pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const LAST_RUNS = /* sql */ `
select distinct on (one ->> 'rule') one ->> 'rule' as rule, ${utc('r.started_at')} as at, one ->> 'state' as state,
       (one ->> 'deleted')::pg_catalog.float8 as deleted, r.operator
from dbctl.run r
cross join pg_catalog.jsonb_array_elements(case when pg_catalog.jsonb_typeof(r.summary -> 'rules') = 'array' then r.summary -> 'rules' else '[]' end) one
where r.command = $1 and r.outcome <> 'started'
order by one ->> 'rule', r.started_at desc`;

/** Those since the last that ended: what was before it has been told. */
const UNFINISHED = /* sql */ `
select ${utc('s.started_at')} as at
from dbctl.run s
where s.command = $1 and s.outcome = 'started'
  and s.started_at > coalesce((select pg_catalog.max(e.started_at) from dbctl.run e where e.command = $1 and e.outcome <> 'started'), '-infinity')
order by s.started_at`;
