import type { Session } from '../../../db/session.ts';

/** One thing to try on the server; statements before `role` run as the session's own user. */
export interface Attempt {
  readonly before: readonly string[];
  readonly role: string;
  readonly sql: readonly string[];
}

export interface Outcome {
  /** SQLSTATE; `done` when every statement went through. */
  readonly got: string;
  readonly message: string;
}

/** What an attempt that went through is rolled back with. */
const THROUGH = 'DBTHR';

/**
 * Longest wait for a lock, in milliseconds. A request that waits blocks every writer that comes after it, so this is also the longest a
 * writer may notice.
 */
export const LOCK_TIMEOUT_MS = 30;
const TRIES = 3;

/**
 * A function of this session alone. Each attempt is a subtransaction that always ends by an error, so nothing of it stays: rows, definitions,
 * locks, and the role it was made as.
 */
export const ATTEMPT_FUNCTION = /* sql */ `
create function pg_temp.dbctl_attempts(attempts pg_catalog.jsonb) returns setof pg_catalog.text[] language plpgsql as $function$
declare
  attempt pg_catalog.jsonb;
  statement pg_catalog.text;
  got pg_catalog.text;
  said pg_catalog.text;
begin
  for attempt in select a from pg_catalog.jsonb_array_elements(attempts) a loop
    for try in 1 .. ${TRIES} loop
      begin
        for statement in select s from pg_catalog.jsonb_array_elements_text(attempt -> 'before') s loop
          execute statement;
        end loop;
        execute pg_catalog.format('set local role %I', attempt ->> 'role');
        for statement in select s from pg_catalog.jsonb_array_elements_text(attempt -> 'sql') s loop
          execute statement;
        end loop;
        raise exception using errcode = '${THROUGH}', message = 'through';
      exception when others then
        get stacked diagnostics got = returned_sqlstate, said = message_text;
      end;
      exit when got not in ('55P03', '40P01');
      perform pg_catalog.pg_sleep(0.02 * try);
    end loop;
    return next array[got, said];
  end loop;
end
$function$`;

/** Tries them one after another; outcomes in the same order. Call it inside a transaction that has {@link ATTEMPT_FUNCTION}. */
export async function tryAll(session: Session, attempts: readonly Attempt[]): Promise<Outcome[]> {
  const rows = await session.rows<{ outcome: string[] }>(
    'select a as outcome from pg_temp.dbctl_attempts($1::pg_catalog.jsonb) a',
    [JSON.stringify(attempts)],
  );
  return rows.map(({ outcome: [got = '', message = ''] }) => ({ got: got === THROUGH ? 'done' : got, message }));
}
