import type { DatabaseFunction } from './function.ts';

/** Counts an attempt, through the rollback that follows it, and writes it to the server log, which no exception handler hides. */
export const NOTE_VIOLATION: DatabaseFunction = {
  name: 'note_violation',
  args: 'relation oid, code text, attempt text',
  returns: 'text',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'counts and logs a refused attempt, and returns the runbook for it; its failure must not matter to the guard that calls it',
  body: /* sql */ `
declare
  found_runbook text := 'runbooks/immutability-violation.md';
  counter record;
  testing boolean;
begin
  testing := exists (
    select from dbctl.permit p
    where p.xid = pg_catalog.pg_current_xact_id_if_assigned() and p.purpose = 'self-test' and not p.ended);
  select c.attempts, c.last_attempt, p.runbook into counter
  from dbctl.protected_relation p
  left join dbctl.violation_counter c on c.relation = p.root and c.sqlstate = code
  where p.relation = note_violation.relation;
  found_runbook := coalesce(counter.runbook, found_runbook);
  if not testing then
    if counter.attempts is not null then
      perform pg_catalog.nextval(counter.attempts);
      perform pg_catalog.setval(counter.last_attempt, (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8);
    end if;
    raise log using
      errcode = code,
      message = pg_catalog.format('dbctl violation: %s on %s refused', attempt, note_violation.relation::pg_catalog.regclass),
      detail = pg_catalog.format('session user %s, role %s, transaction %s',
        session_user, pg_catalog.current_setting('role'), coalesce(pg_catalog.pg_current_xact_id_if_assigned()::text, 'none'));
  end if;
  return found_runbook;
exception when others then
  -- The caller refuses in any case; a sequence that is gone must not hide why.
  return found_runbook;
end`,
};

const guard = (name: string, code: string, comment: string, message: string, detail: string): DatabaseFunction => ({
  name,
  args: '',
  returns: 'trigger',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: true,
  comment,
  body: /* sql */ `
declare
  runbook text := dbctl.note_violation(tg_relid, '${code}', tg_op);
begin
  raise exception using
    errcode = '${code}',
    message = pg_catalog.format('${message}', tg_op, tg_table_schema, tg_table_name),
    detail = '${detail}',
    hint = pg_catalog.format('A wrong row is corrected by appending a correction: runbooks/audit-correction.md. Who tried, and what to do: %s', runbook),
    schema = tg_table_schema,
    table = tg_table_name;
end`,
});

/** Two functions on purpose: one that serves rows and statements and looks at OLD lets TRUNCATE pass, where OLD is null. */
export const REFUSE_ROW_CHANGE = guard(
  'refuse_row_change',
  'IM001',
  'guard of protected tables: refuses every update and delete, of rows and of statements that find none',
  '%s of %I.%I is refused: the table is append-only',
  'Rule append-only: rows are inserted, and never updated or deleted, whoever asks.',
);

export const REFUSE_TRUNCATE = guard(
  'refuse_truncate',
  'IM002',
  'guard of protected tables: refuses truncate',
  '%s of %I.%I is refused: the table is append-only',
  'Rule append-only: rows leave only with their whole partition, archived and verified first.',
);
