import { onServer } from '../../../test/support/connection.ts';

/** What a partition holds; `total` is the sum of the numbers of its rows, in which one missing and one twice do not make up for each other. */
export interface Content {
  readonly rows: number;
  readonly total: number;
}

const TABLE = /* sql */ `
create schema audit;
create table audit.log (
  id uuid not null default uuidv7(), n bigint not null, at timestamptz not null, actor uuid not null, action text not null,
  context jsonb not null, ip inet, recorded_xid xid8 not null default pg_current_xact_id(), primary key (id, at)
) partition by range (at);
create index on audit.log (recorded_xid);
create role soak_archiver login password 'soak';
create role soak_verifier login password 'soak'`;

/** Months of the log that are old enough to go, and the one that is written to; names of them are of the months. */
export interface Log {
  readonly old: readonly string[];
  readonly young: string;
}

/** Makes the log with so many old months. */
export async function makeLog(url: string, months: number, now: Date): Promise<Log> {
  const month = (back: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
  const day = (back: number) => month(back).toISOString().slice(0, 10);
  const name = (back: number) => `log_${day(back).slice(0, 7).replace('-', '_')}`;
  const backs = [...Array.from({ length: months }, (_, at) => 14 + months - at), 0];
  const make = (back: number) =>
    `create table audit.${name(back)} partition of audit.log for values from ('${day(back)}Z') to ('${day(back - 1)}Z')`;
  await onServer(url, TABLE, ...backs.map(make));
  return { old: backs.slice(0, -1).map((back) => `audit.${name(back)}`), young: `audit.${name(0)}` };
}

/** Puts so many rows into a partition, numbered from there on, over the days of its month. */
export const fillMonth = (url: string, partition: string, first: number, rows: number): Promise<void> =>
  onServer(
    url,
    `insert into audit.log (n, at, actor, action, context, ip)
     select n, timestamptz '${partition.slice(-7).replace('_', '-')}-01Z' + n % 2419200 * interval '1.000001 seconds', gen_random_uuid(),
            (array['create', 'update', 'delete'])[1 + n % 3],
            jsonb_build_object('n', n, 'note', md5(n::text), 'tags', jsonb_build_array('a', n % 7, null)), '10.0.0.1'::inet + n % 250
     from generate_series(${first}::int8, ${first + rows - 1}::int8) n`,
  );

/** What {@link fillMonth} puts there. */
export const contentOf = (first: number, rows: number): Content => ({ rows, total: (rows * (first + first + rows - 1)) / 2 });
