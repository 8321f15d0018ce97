import { DbctlError } from '../../core/errors.ts';
import { qualified } from '../../db/ident.ts';
import { ROW_HASHES, ROW_TEXT_SETTINGS, unmixed } from '../../db/row-hash.ts';
import type { Session } from '../../db/session.ts';

/** Rows of one table or partition: how many, and a sum over their hashes that knows no order. */
export interface TableFingerprint {
  readonly name: string;
  readonly rows: string;
  readonly hash: string;
  /**
   * `record`: by hash_record_extended, equal where values are equal · `text`: of the row's text, where a column's type cannot be hashed, or is
   * hashed by an oid, which is another one after a restore (enums, regclass, aclitem), or in a way that is not PostgreSQL's own (types of
   * extensions, collations that take different texts for equal: by a library that may be of another version there).
   */
  readonly by: 'record' | 'text';
}

export interface SequenceFingerprint {
  readonly name: string;
  /** Null: never called. */
  readonly lastValue: string | null;
  readonly increment: string;
}

/** What a database holds, in figures two databases can be compared by. */
export interface Fingerprint {
  readonly tables: readonly TableFingerprint[];
  readonly sequences: readonly SequenceFingerprint[];
  /** Null: there are none. */
  readonly largeObjects: { readonly count: string; readonly hash: string } | null;
  /** The last checkpoint of the ledger; null where there is none. */
  readonly ledger: { readonly sequence: string; readonly root: string } | null;
}

/**
 * Reads the fingerprint in the transaction the session is in: call it in one of isolation repeatable read, and all of it is of one moment,
 * but for sequences, which know no snapshot: those of a source are read before the dump begins, and a restored one may be ahead of them. Figures depend on no setting of the session. Needs select on every table.
 */
export async function readFingerprint(
  session: Session,
  onTable: (name: string) => void,
  sequences?: readonly SequenceFingerprint[],
): Promise<Fingerprint> {
  return {
    tables: await readTables(session, onTable),
    sequences: sequences ?? (await readSequences(session)),
    largeObjects: await largeObjects(session),
    ledger: await ledgerHead(session),
  };
}

/** The tables alone, in the same way; `only`: no others than these. */
export async function readTables(
  session: Session,
  onTable: (name: string) => void,
  only?: ReadonlySet<string>,
): Promise<TableFingerprint[]> {
  await session.script(SETTINGS);
  const relations = await session.rows<Relation>(RELATIONS);
  const tables: TableFingerprint[] = [];
  for (const relation of relations) {
    const name = `${relation.schema}.${relation.name}`;
    if (only?.has(name) === false) continue;
    tables.push({ name, ...(await figuresOf(session, relation)) });
    onTable(name);
  }
  return tables;
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  /** A column's hash would not be the same after a restore. */
  readonly byText: boolean;
  /** Unlogged, on a standby: no session can read it there, and a dump has no rows of it. */
  readonly isClosed: boolean;
}

type Figures = Omit<TableFingerprint, 'name'>;

/** Texts of rows are the same in every session with these; row security would hide rows and is an error instead. */
const SETTINGS = `set local row_security = off;
${ROW_TEXT_SETTINGS.map(([name, value]) => `set local ${name} = ${value};`).join('\n')}
set local jit = off;
set local search_path = pg_catalog`;

export const readSequences = (session: Session): Promise<SequenceFingerprint[]> => session.rows<SequenceFingerprint>(SEQUENCES);

async function figuresOf(session: Session, relation: Relation): Promise<Figures> {
  if (relation.isClosed) return { rows: '0', hash: '0', by: relation.byText ? 'text' : 'record' };
  if (relation.byText) return sumOf(session, relation, 'text');
  return sumOf(session, relation, 'record').catch(async (thrown: unknown) => {
    // undefined_function: a column of type json, xml, point or the like has no hash.
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '42883') throw thrown;
    await session.script(RELEASE);
    return sumOf(session, relation, 'text');
  });
}

/** Gives back the locks on the indexes, of which a transaction that has read thousands of tables had too many for the server's table of locks. */
const RELEASE = 'rollback to savepoint fingerprint; release savepoint fingerprint';

/** A sum of int8 is counted in 128 bits and comes out as numeric: no overflow, and a fifth faster than a sum of numeric. */
async function sumOf(session: Session, { schema, name }: Relation, by: TableFingerprint['by']): Promise<Figures> {
  const [, answer] = await session.script(
    `savepoint fingerprint;
     select pg_catalog.count(*)::pg_catalog.text as rows, coalesce(pg_catalog.sum(${ROW_HASHES[by]}), 0)::pg_catalog.text as hash
     from only ${qualified(schema, name)} t;
     ${RELEASE}`,
  );
  const [row] = (answer?.rows ?? []) as Pick<Figures, 'rows' | 'hash'>[];
  if (row === undefined) throw new Error('a count is always a row');
  return { ...row, by };
}

async function largeObjects(session: Session): Promise<Fingerprint['largeObjects']> {
  const [row] = await session.rows<{ count: string; hash: string }>(LARGE_OBJECTS);
  return row === undefined || row.count === '0' ? null : row;
}

async function ledgerHead(session: Session): Promise<Fingerprint['ledger']> {
  const [{ there } = { there: false }] = await session.rows<{ there: boolean }>(
    `select pg_catalog.to_regclass('dbctl.ledger_checkpoint') is not null as there`,
  );
  if (!there) return null;
  const [row] = await session.rows<{ sequence: string; root: string }>(
    `select c.sequence::pg_catalog.text as sequence, pg_catalog.encode(c.root, 'hex') as root
     from dbctl.ledger_checkpoint c order by c.sequence desc limit 1`,
  );
  return row ?? null;
}

/** Bytes of a large object that are hashed at a time. */
const PIECE = 1_048_576;

/** Tables of people, whose rows are dumped: no materialized view, which a restore computes anew and the source may have let grow old; nothing of the system, nothing temporary, nothing an extension brings. */
const RELATIONS = /* sql */ `
with recursive used (relation, type_oid) as (
  select a.attrelid, a.atttypid
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind = 'r'
  where a.attnum > 0 and not a.attisdropped
  union
  select u.relation, part.type_oid
  from used u
  join pg_catalog.pg_type t on t.oid = u.type_oid
  cross join lateral (
    select t.typelem union all
    select t.typbasetype union all
    select r.rngsubtype from pg_catalog.pg_range r where t.oid in (r.rngtypid, r.rngmultitypid) union all
    select a.atttypid from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) part (type_oid)
  where part.type_oid <> 0
)
select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
       exists (
         select from used u
         join pg_catalog.pg_type t on t.oid = u.type_oid
         where u.relation = c.oid
           and case when t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
                 then t.typname like 'reg%' or t.typname = 'aclitem'
                 else t.typtype = 'e' or (t.typtype = 'b' and t.typelem = 0) end)
         or exists (
           select from pg_catalog.pg_attribute a join pg_catalog.pg_collation l on l.oid = a.attcollation
           where a.attrelid = c.oid and a.attnum > 0 and not l.collisdeterministic) as "byText",
       c.relpersistence = 'u' and pg_catalog.pg_is_in_recovery() as "isClosed"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r'
  and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2`;

const SEQUENCES = /* sql */ `
select pg_catalog.format('%s.%s', s.schemaname, s.sequencename) as name, s.last_value::pg_catalog.text as "lastValue",
       s.increment_by::pg_catalog.text as increment
from pg_catalog.pg_sequences s
where s.schemaname !~ '^pg_' and s.schemaname <> 'information_schema'
order by 1`;

/** Piece by piece: a value has no more than 1 GB, a large object up to 4 TB. What goes through the recursion are figures, no bytes. */
const LARGE_OBJECTS = /* sql */ `
with recursive piece (oid, place, bytes, hash) as (
  select m.oid, 0::pg_catalog.int8, pg_catalog.octet_length(b.bytes), ${unmixed('row (m.oid, 0::pg_catalog.int8, b.bytes)')}
  from pg_catalog.pg_largeobject_metadata m
  cross join lateral (select pg_catalog.lo_get(m.oid, 0, ${PIECE}) as bytes offset 0) b
  union all
  select p.oid, p.place + 1, pg_catalog.octet_length(b.bytes), ${unmixed('row (p.oid, p.place + 1, b.bytes)')}
  from piece p
  cross join lateral (select pg_catalog.lo_get(p.oid, (p.place + 1) * ${PIECE}, ${PIECE}) as bytes offset 0) b
  where p.bytes = ${PIECE}
)
select pg_catalog.count(*) filter (where p.place = 0)::pg_catalog.text as count, coalesce(pg_catalog.sum(p.hash), 0)::pg_catalog.text as hash
from piece p`;

/** What of another fingerprint differs, one sentence each. */
export interface FingerprintDifferences {
  readonly rows: readonly string[];
  readonly sequences: readonly string[];
  readonly largeObjects: readonly string[];
  readonly ledger: readonly string[];
}

/** By what is compared; empty lists where it is equal. Sequences may be ahead: they do not wait for snapshots. */
export function fingerprintParts(expected: Fingerprint, found: Fingerprint): FingerprintDifferences {
  return {
    rows: differences(expected.tables, found.tables, (was, is) => {
      if (was.rows !== is.rows) return `${was.name} has ${is.rows} rows instead of ${was.rows}`;
      return was.by !== is.by || was.hash !== is.hash ? `${was.name} has ${was.rows} rows, and other ones` : null;
    }),
    sequences: differences(expected.sequences, found.sequences, (was, is) =>
      behind(was, is) ? `sequence ${was.name} is at ${is.lastValue ?? 'its start'}, behind ${was.lastValue}` : null,
    ),
    largeObjects: same(expected.largeObjects, found.largeObjects) ? [] : ['large objects differ'],
    ledger: same(expected.ledger, found.ledger) ? [] : ['the last checkpoint of the ledger differs'],
  };
}

function differences<T extends { readonly name: string }>(
  expected: readonly T[],
  found: readonly T[],
  compare: (was: T, is: T) => string | null,
): string[] {
  const names = new Map(found.map((one) => [one.name, one]));
  const known = new Set(expected.map(({ name }) => name));
  return [
    ...expected.flatMap((was) => {
      const is = names.get(was.name);
      return is === undefined ? [`${was.name} is missing`] : [compare(was, is)].filter((text) => text !== null);
    }),
    ...found.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} is more than was backed up`),
  ];
}

function behind(was: SequenceFingerprint, is: SequenceFingerprint): boolean {
  if (was.lastValue === null) return false;
  if (is.lastValue === null) return true;
  const [then, now] = [BigInt(was.lastValue), BigInt(is.lastValue)];
  return BigInt(was.increment) > 0n ? now < then : now > then;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
