import type pg from 'pg';
import { connectionFacts } from './facts.ts';
import type { TargetSessionAttrs } from './target.ts';

/** What one pass over the hosts looks for; `prefer-standby` is a pass for `standby`, then one for `any`. */
export type Wanted = Exclude<TargetSessionAttrs, 'prefer-standby'>;

export function passesFor(attributes: TargetSessionAttrs): readonly Wanted[] {
  return attributes === 'prefer-standby' ? ['standby', 'any'] : [attributes];
}

/**
 * Why the session is not the wanted kind, by libpq's rules; undefined when it is. PostgreSQL 14 and newer report what is needed
 * at login; an older server is asked with one query. Rejects when that query fails.
 */
export async function unsuitable(client: pg.Client, wanted: Wanted): Promise<string | undefined> {
  switch (wanted) {
    case 'any':
      return undefined;
    case 'read-write':
      return (await isReadOnly(client)) ? 'the session is read-only' : undefined;
    case 'read-only':
      return (await isReadOnly(client)) ? undefined : 'the session is not read-only';
    case 'primary':
      return (await isStandby(client)) ? 'the server is a standby' : undefined;
    case 'standby':
      return (await isStandby(client)) ? undefined : 'the server is not a standby';
  }
}

async function isReadOnly(client: pg.Client): Promise<boolean> {
  const [standby, byDefault] = [reported(client, 'in_hot_standby'), reported(client, 'default_transaction_read_only')];
  if (standby !== undefined && byDefault !== undefined) return standby || byDefault;
  const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only');
  return rows[0]?.transaction_read_only === 'on';
}

async function isStandby(client: pg.Client): Promise<boolean> {
  const standby = reported(client, 'in_hot_standby');
  if (standby !== undefined) return standby;
  const { rows } = await client.query<{ recovering: boolean }>('select pg_catalog.pg_is_in_recovery() as recovering');
  return rows[0]?.recovering === true;
}

function reported(client: pg.Client, parameter: string): boolean | undefined {
  const value = connectionFacts(client)?.parameters.get(parameter);
  return value === undefined ? undefined : value === 'on';
}
