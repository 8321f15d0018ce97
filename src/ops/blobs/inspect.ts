import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inspectRule, type RuleFacts, type Unfit } from '../retention/inspect.ts';
import { tableText } from '../retention/settings.ts';
import { missingRights } from './events.ts';
import type { BlobRule } from '../retention/settings.ts';

/** What the database says about a rule that moves blobs. */
export interface BlobFacts extends Omit<RuleFacts, 'rule'> {
  readonly rule: BlobRule;
  /** Of the primary key, in its order. */
  readonly key: readonly { readonly name: string; readonly type: string }[];
  /** How the hash is kept. */
  readonly hash: 'text' | 'bytea';
  /** Until when copies made now are meant to be kept; null: nothing was said. */
  readonly retainUntil: string | null;
}

/** What a run calls besides reading. */
const CALLED = ['record_blob_copy', 'record_blob_removal'];

/** Looks a rule up. `look`: rights to move blobs are not asked for. Changes nothing. Fails only where the connection does. */
export async function inspectBlobRule(session: Session, rule: BlobRule, use: 'move' | 'look'): Promise<BlobFacts | Unfit> {
  const facts = await inspectRule(session, { ...rule, then: 'delete' }, 'look');
  if ('problem' in facts) return { ...facts, rule };
  const unfit = (problem: string, grants: readonly string[] = []): Unfit => ({ rule, problem, grants });
  const table = tableText(rule);
  const columns = await session.rows<Column>(COLUMNS, [facts.table.oid]);
  for (const [what, name] of Object.entries(rule.columns)) {
    const type = columns.find((one) => one.name === name)?.type;
    if (type === undefined) return unfit(`${table} has no column ${name}: columns.${what} of the rule names it`);
    const good = TYPES[what as keyof typeof TYPES];
    if (!good.includes(type)) return unfit(`${table}.${name} is of type ${type}, and ${what} is read from ${good.join(', ')}`);
  }
  const key = columns.filter(({ place }) => place !== null).toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0));
  if (key.length === 0) return unfit(`${table} has no primary key, by which the record would name its rows`);
  const rights = await missingRights(session, ['blob_removal_problem', ...(use === 'look' ? [] : CALLED)]);
  if (rights === 'no table')
    return unfit('schema dbctl is older than this dbctl and has no place for the record', ['-- dbctl immutability install']);
  const grants = grantsFor(rights, session.user);
  if (grants.length > 0)
    return unfit(`${session.user} may not ${use === 'look' ? 'see' : 'record'} what happens to blobs`, grants);
  const [until] = await session.rows<{ at: string | null }>(RETAIN_UNTIL, [rule.retain]);
  const hash = columns.find(({ name }) => name === rule.columns.sha256)?.type === 'bytea' ? 'bytea' : 'text';
  return { ...facts, rule, key, hash, retainUntil: until?.at ?? null };
}

function grantsFor(missing: readonly string[], user: string): string[] {
  const seen = ['blob_event', 'blob_removal_problem'];
  const functions = missing.filter((name) => !seen.includes(name));
  return [
    ...(missing.length > functions.length ? [`grant dbctl_auditor to ${ident(user)};`] : []),
    ...(functions.length === 0 ? [] : [`-- immutability: {archivers: [${user}]} in dbctl.yaml, then dbctl immutability install`]),
  ];
}

interface Column {
  readonly name: string;
  readonly type: string;
  /** In the primary key; null: it is not in it. */
  readonly place: number | null;
}

const TEXTS = ['text', 'character varying', 'character'];

const TYPES = {
  location: TEXTS,
  sha256: [...TEXTS, 'bytea'],
  bytes: ['bigint', 'integer', 'smallint', 'numeric'],
};

const COLUMNS = /* sql */ `
select a.attname::text as name, pg_catalog.format_type(a.atttypid, null) as type,
       pg_catalog.array_position(x.indkey::pg_catalog.int2[], a.attnum) as place
from pg_catalog.pg_attribute a
left join pg_catalog.pg_index x on x.indrelid = a.attrelid and x.indisprimary and a.attnum = any (x.indkey)
where a.attrelid = $1::pg_catalog.int8::pg_catalog.oid and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

const RETAIN_UNTIL = /* sql */ `
select pg_catalog.to_char((pg_catalog.clock_timestamp() at time zone 'UTC') + $1::pg_catalog.interval, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at`;
