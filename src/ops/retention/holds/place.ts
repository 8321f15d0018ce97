import { fail } from '../../../core/errors.ts';
import { suggest } from '../../../core/suggest.ts';
import { COMPARABLE_TYPE } from '../../../db/comparable-type.ts';
import { ident, qualified } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { MOMENT_TYPES } from '../relation.ts';
import { readHolds, type Hold } from './hold.ts';

/** Which rows of a table are to be held. */
export type HoldPlace =
  | { readonly scope: 'table' }
  | { readonly scope: 'partition'; readonly schema: string; readonly partition: string }
  /** Both ends belong to it; null: without end. As the server reads a timestamptz, without a zone as UTC. */
  | { readonly scope: 'range'; readonly column: string; readonly from: string | null; readonly to: string | null }
  | { readonly scope: 'subject'; readonly column: string; readonly value: string };

export interface HoldWish {
  readonly schema: string;
  readonly table: string;
  readonly place: HoldPlace;
  readonly reason: string;
  readonly reference: string | null;
  /** `user@machine`. */
  readonly operator: string;
}

/** Looks the place up: what is not there cannot be held, and a hold on a misspelt name would hold nothing. Fails with refused. */
export async function checkPlace(session: Session, { schema, table, place }: HoldWish): Promise<void> {
  const name = `${schema}.${table}`;
  await requireTable(session, schema, table);
  switch (place.scope) {
    case 'table':
      return;
    case 'partition':
      return requirePartition(session, name, place);
    case 'range':
      await requireMoment(session, schema, table, place.column);
      return requireReadable(session, place.from, place.to);
    case 'subject': {
      const type = await columnType(session, schema, table, place.column);
      return requireValue(session, `${name}.${place.column}`, place.value, type);
    }
  }
}

/**
 * Records the hold, and waits for the batch that removes rows just now: when this returns, no row of it is removed by dbctl any more. Fails as
 * {@link checkPlace}, and with lock.held where that batch does not end.
 */
export async function placeHold(session: Session, wish: HoldWish): Promise<Hold> {
  return inTransaction(session, 'read write', async () => {
    await checkPlace(session, wish);
    const { schema, table, place, reason, reference, operator } = wish;
    const at = place.scope === 'partition' ? qualified(place.schema, place.partition) : null;
    const [made] = await session.rows<{ id: number }>(INSERT, [
      qualified(schema, table),
      `${schema}.${table}`,
      place.scope,
      at,
      place.scope === 'partition' ? `${place.schema}.${place.partition}` : null,
      place.scope === 'range' || place.scope === 'subject' ? place.column : null,
      place.scope === 'range' ? place.from : null,
      place.scope === 'range' ? place.to : null,
      place.scope === 'subject' ? place.value : null,
      reason,
      reference,
      operator,
    ]);
    return holdOf(session, made?.id);
  });
}

/** Records that a hold no longer holds; removes nothing. Fails with refused where there is no such hold, or it is released. */
export async function releaseHold(session: Session, id: number, reason: string, operator: string): Promise<Hold> {
  return inTransaction(session, 'read write', async () => {
    await activeHold(session, id);
    await session.rows(RELEASE, [id, reason, operator]);
    return holdOf(session, id);
  });
}

/** Fails with refused where there is no such hold, or it is released already. */
export async function activeHold(session: Session, id: number): Promise<Hold> {
  const hold = await findHold(session, id);
  const hint = 'See them with dbctl retention holds.';
  if (hold === undefined) return fail('refused', `there is no hold ${id}`, { hint });
  if (hold.released !== null)
    fail('refused', `hold ${id} was released at ${hold.released.at} by ${hold.released.operator}`, { hint });
  return hold;
}

async function findHold(session: Session, id: number | undefined): Promise<Hold | undefined> {
  const holds = await readHolds(session);
  if (holds === null)
    fail('db.denied', `${session.user} may not see legal holds`, { hint: `grant dbctl_auditor to ${ident(session.user)}` });
  return holds.find((one) => one.id === id);
}

async function holdOf(session: Session, id: number | undefined): Promise<Hold> {
  return (await findHold(session, id)) ?? fail('internal', `hold ${id} was recorded and cannot be read`);
}

const INSERT = /* sql */ `
insert into dbctl.legal_hold
  (relation, relation_name, scope, partition, partition_name, column_name, from_at, to_at, subject, reason, reference, operator)
values ($1::text::pg_catalog.regclass, $2, $3, $4::text::pg_catalog.regclass, $5, $6, $7::text::pg_catalog.timestamptz, $8::text::pg_catalog.timestamptz, $9, $10, $11, $12)
returning id::int as id`;

const RELEASE = /* sql */ `insert into dbctl.legal_hold_release (hold, reason, operator) values ($1, $2, $3)`;

async function requireTable(session: Session, schema: string, table: string): Promise<void> {
  const names = (await session.rows<{ name: string }>(TABLES)).map(({ name }) => name);
  const name = `${schema}.${table}`;
  if (names.includes(name)) return;
  const meant = suggest(name, names) ?? names.find((one) => one.endsWith(`.${table}`));
  fail('refused', `there is no table ${name}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
    hint: 'Nothing is held.',
  });
}

async function requirePartition(
  session: Session,
  table: string,
  { schema, partition }: HoldPlace & { scope: 'partition' },
): Promise<void> {
  const names = (await session.rows<{ name: string }>(PARTITIONS, [table])).map(({ name }) => name);
  const name = `${schema}.${partition}`;
  if (names.includes(name)) return;
  const meant = suggest(name, names);
  fail('refused', `${table} has no partition ${name}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
    hint: 'Nothing is held.',
  });
}

async function columnType(session: Session, schema: string, table: string, column: string): Promise<string> {
  const columns = await session.rows<{ name: string; type: string }>(COLUMNS, [schema, table]);
  const found = columns.find(({ name }) => name === column);
  if (found !== undefined) return found.type;
  const meant = suggest(
    column,
    columns.map(({ name }) => name),
  );
  return fail('refused', `${schema}.${table} has no column ${column}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
    hint: 'Nothing is held.',
  });
}

async function requireMoment(session: Session, schema: string, table: string, column: string): Promise<void> {
  const type = await columnType(session, schema, table, column);
  if ((MOMENT_TYPES as readonly string[]).includes(type)) return;
  fail(
    'refused',
    `${schema}.${table}.${column} is of type ${type}, and a range of time is one of timestamptz, timestamp or date`,
    { hint: 'Name another with --by.' },
  );
}

async function requireReadable(session: Session, from: string | null, to: string | null): Promise<void> {
  for (const [option, text] of [
    ['--from', from],
    ['--to', to],
  ] as const) {
    if (text === null) continue;
    await session.rows('select $1::text::pg_catalog.timestamptz', [text]).catch(() =>
      fail('refused', `${option} is no time: ${text}`, {
        hint: 'Write 2026-11-01 or 2026-11-01T06:00Z; without a zone it is UTC. Nothing is held.',
      }),
    );
  }
  const [order] = await session.rows<{ wrong: boolean }>(
    'select coalesce($1::text::pg_catalog.timestamptz > $2::text::pg_catalog.timestamptz, false) as wrong',
    [from, to],
  );
  if (order?.wrong === true) fail('refused', `--from ${from} is after --to ${to}`, { hint: 'Nothing is held.' });
}

/** A value that is none of the column's would hold no row, or make every batch fail. */
async function requireValue(session: Session, column: string, value: string, type: string): Promise<void> {
  await session
    .rows(`select $1::text::${type}`, [value])
    .catch((thrown: unknown) =>
      fail('refused', `${value} is no value of ${column}, which is of type ${type}`, { hint: 'Nothing is held.', cause: thrown }),
    );
}

const TABLES = /* sql */ `
select pg_catalog.format('%s.%s', n.nspname, c.relname) as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'dbctl')
order by 1`;

const PARTITIONS = /* sql */ `
with recursive below (oid) as (
  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where pg_catalog.format('%s.%s', n.nspname, c.relname) = $1
  union
  select i.inhrelid from below b join pg_catalog.pg_inherits i on i.inhparent = b.oid
)
select pg_catalog.format('%s.%s', n.nspname, c.relname) as name
from below b
join pg_catalog.pg_class c on c.oid = b.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where pg_catalog.format('%s.%s', n.nspname, c.relname) <> $1
order by 1`;

const COLUMNS = /* sql */ `
select a.attname::text as name, ${COMPARABLE_TYPE} as type
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
order by a.attnum`;
