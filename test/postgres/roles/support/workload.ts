import type pg from 'pg';

/** One statement of an app, as it sends it. */
export interface Act {
  readonly does: string;
  readonly sql: string;
  readonly values?: readonly unknown[];
  /** For which user; `service`: for the app itself; without it whatever the login's settings say. */
  readonly as?: string;
  /** Rows it returns or changes; policies take rows away without an error. Default 1. */
  readonly rows?: number | 'any';
}

/** Everything an app does, in order. `n` tells its logins apart, so that each makes rows of its own. */
export type Workload = (n: number) => readonly Act[];

/** A readable uuid: which login, which table, which row. */
export const id = (n: number, table: number, row = 1): string =>
  `0190aaaa-000${n}-7000-8000-${String(table * 100 + row).padStart(12, '0')}`;

/** Rows of migrations/seeds/dev.sql. */
export const SEEDED = {
  lin: '01900000-0000-7000-8000-000000000102',
  labVersion: '01900000-0000-7000-8000-000000000801',
  verdictSession: '01900000-0000-7000-8000-000000001001',
  verdict: '01900000-0000-7000-8000-000000001302',
} as const;

const STATEMENT = /* sql */ `
select pg_catalog.set_config('app.user_id', $1, true), pg_catalog.set_config('app.access', $2, true)`;

/** Does an act within the caller's transaction. Fails with the server's error, or where it met another number of rows. */
export async function act(client: pg.ClientBase, { does, sql, values = [], as, rows = 1 }: Act): Promise<void> {
  if (as !== undefined) await client.query(STATEMENT, as === 'service' ? ['', 'service'] : [as, '']);
  const { rowCount } = await client.query(sql, [...values]);
  if (rows !== 'any' && rowCount !== rows) throw new Error(`${does}: ${rowCount} rows, not ${rows}`);
}

/** Does an act as an app does it: in a transaction of its own. */
export async function actAlone(client: pg.ClientBase, one: Act): Promise<void> {
  await client.query('begin');
  try {
    await act(client, one);
    await client.query('commit');
  } catch (thrown) {
    await client.query('rollback');
    throw thrown;
  }
}

/** An event into the log, as dbctl/audit writes it. */
export const audited = (action: string, entity: string, rest: Partial<Act> = {}): Act => ({
  does: `record ${action}`,
  sql: `insert into audit.audit_log
          (occurred_at, actor_type, actor_id, actor_display, on_behalf_of, action, entity_type, entity_id, outcome, reason_code, context, changes, metadata)
        values (now(), 'service', 'workload', null, null, $1, $2, null, 'success', null, '{"request_id": "r"}', '[]', '{}')`,
  values: [action, entity],
  ...rest,
});
