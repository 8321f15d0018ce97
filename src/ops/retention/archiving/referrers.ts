import { ident, qualified } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { PartitionKey } from './partition-keys.ts';

/** What keeps a partition by a foreign key: {@link readReferrers}. */
export interface Referrer {
  /** The key, as it was declared. */
  readonly name: string;
  /** The table that refers, for people. */
  readonly table: string;
  readonly how: Keeping;
  readonly fix: string;
}

/**
 * rows: some refer to rows of it. itself: the key was declared on the partition. unseen: the login may not see whether rows refer. closed: who removes
 * partitions may not look either.
 */
type Keeping = 'rows' | 'itself' | 'unseen' | 'closed';

/**
 * What keeps a partition. Measured on 18.2: where a row refers by a key of the table, a detach fails with 23503 whatever the key does on delete, and if
 * it is not valid or not enforced; where none does, the partition's share of the key goes with it. The look is the server's own, with the rights of who
 * detaches: without them it fails with 42501, rows or none. A key of the partition itself fails the drop with 2BP01, rows or none.
 */
export async function readReferrers(session: Session, keys: readonly PartitionKey[], partition: Leaving): Promise<Referrer[]> {
  const found: Referrer[] = [];
  for (const key of keys.filter((one) => one.partition === partition.oid))
    for (const how of await keepings(session, key, partition))
      found.push({ name: key.name, table: `${key.schema}.${key.table}`, how, fix: fixOf(session, key, how) });
  return found;
}

interface Leaving {
  readonly oid: number;
  /** Quoted. */
  readonly sql: string;
}

async function keepings(session: Session, key: PartitionKey, partition: Leaving): Promise<Keeping[]> {
  if (key.isItself) return ['itself'];
  const closed: Keeping[] = key.closedTo === null && key.hiddenTo === null ? [] : ['closed'];
  if (!key.reads || key.hidden) return ['unseen', ...closed];
  return (await isReferredTo(session, key, partition)) ? ['rows', ...closed] : closed;
}

/** As the server's own look: rows of tables that inherit from one have no key. */
async function isReferredTo(session: Session, key: PartitionKey, { sql }: Leaving): Promise<boolean> {
  const referring = `${key.isPartitioned ? '' : 'only '}${qualified(key.schema, key.table)}`;
  const [row] = await session.rows<{ there: boolean }>(
    `select exists (select from ${referring} r join ${sql} p on ${key.condition}) as there`,
  );
  return row?.there === true;
}

function fixOf({ user }: Session, key: PartitionKey, how: Keeping): string {
  switch (how) {
    case 'rows':
      return `remove those rows of ${key.schema}.${key.table}, or the key: ${dropText(key)}`;
    case 'itself':
      return dropText(key);
    case 'unseen':
      return rightsText(key, key.reads ? null : user, key.hidden ? user : null);
    case 'closed':
      return rightsText(key, key.closedTo, key.hiddenTo);
  }
}

/** Its trigger on the protected table goes along, which the guards refuse anybody who has not unlocked it. */
const dropText = ({ schema, table, name, root }: PartitionKey): string =>
  `alter table ${qualified(schema, table)} drop constraint ${ident(name)}; -- in a migration that unlocks ${root}: docs/immutability.md`;

const rightsText = (key: PartitionKey, reader: string | null, passer: string | null): string =>
  [
    ...(reader === null ? [] : [grantText(key, reader)]),
    ...(passer === null
      ? []
      : [`alter role ${ident(passer)} bypassrls; -- what policies hide of ${key.schema}.${key.table} cannot be looked at`]),
  ].join('\n');

const grantText = ({ schema, table, columns }: PartitionKey, role: string): string =>
  `grant usage on schema ${ident(schema)} to ${ident(role)}; grant select (${columns.map(ident).join(', ')}) on table ${qualified(schema, table)} to ${ident(role)};`;
