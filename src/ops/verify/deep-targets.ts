import type { Session } from '../../db/session.ts';
import type { DeepId } from './deep-checks.ts';

/** A relation and the call that looks into it. */
export interface DeepTarget {
  readonly check: DeepId;
  /** As to be typed. */
  readonly name: string;
  readonly bytes: number;
  /** Binds the relation's oid as $1. */
  readonly query: string;
  readonly oid: number;
}

/** A function of an extension that looks into relations; null where there is none of it. */
export interface DeepFunction {
  readonly check: DeepId;
  readonly extension: string;
  readonly name: string;
  readonly call: string | null;
  /** `schema.name(types)`, for grants. */
  readonly signature: string | null;
  readonly schema: string | null;
  readonly mayUse: boolean;
  readonly mayExecute: boolean;
}

/**
 * With every row of the table looked up in the index: an index that lacks rows is what a changed sort order makes. Unique ones are
 * asked for duplicates too, where amcheck can.
 */
const CALLS: readonly Pick<DeepFunction, 'check' | 'extension' | 'name'>[] = [
  { check: 'deep-index', extension: 'amcheck', name: 'bt_index_check' },
  { check: 'deep-index', extension: 'amcheck', name: 'gin_index_check' },
  { check: 'deep-table', extension: 'amcheck', name: 'verify_heapam' },
  { check: 'deep-bloat', extension: 'pgstattuple', name: 'pgstattuple_approx' },
];

interface FunctionRow {
  extension: string;
  name: string;
  schema: string;
  arguments: number;
  signature: string;
  may_use: boolean;
  may_execute: boolean;
}

/** The functions as they are here, and what the session may do with them. GIN is left out where this amcheck cannot. Fails like Session.rows. */
export async function readFunctions(session: Session): Promise<DeepFunction[]> {
  const rows = await session.rows<FunctionRow>(FUNCTIONS, [CALLS.map(({ name }) => name)]);
  return CALLS.flatMap((call): DeepFunction[] => {
    const row = rows.find(({ name, extension }) => name === call.name && extension === call.extension);
    if (row === undefined)
      return call.name === 'gin_index_check'
        ? []
        : [{ ...call, call: null, signature: null, schema: null, mayUse: true, mayExecute: true }];
    const { schema, signature, may_use: mayUse, may_execute: mayExecute } = row;
    return [{ ...call, call: callOf(row), signature, schema, mayUse, mayExecute }];
  });
}

function callOf({ name, schema, arguments: taken }: FunctionRow): string {
  const relation = '$1::pg_catalog.oid::pg_catalog.regclass';
  switch (name) {
    case 'bt_index_check':
      return `select null::pg_catalog.text as message, ${schema}.bt_index_check(${relation}, true${taken >= 3 ? ', true' : ''})`;
    case 'gin_index_check':
      return `select null::pg_catalog.text as message, ${schema}.gin_index_check(${relation})`;
    case 'verify_heapam':
      return `select pg_catalog.format('block %s, row %s: %s', h.blkno, h.offnum, h.msg) as message from ${schema}.verify_heapam(${relation}) as h order by h.blkno, h.offnum`;
    default:
      return `select pg_catalog.format('%s %% of %s', pg_catalog.round((t.approx_free_percent + t.dead_tuple_percent)::pg_catalog.numeric), pg_catalog.pg_size_pretty(t.table_len)) as message
  from ${schema}.pgstattuple_approx(${relation}) as t
 where t.approx_free_percent + t.dead_tuple_percent >= 40 and t.approx_free_space + t.dead_tuple_len > ${LARGE}`;
  }
}

/** Bytes below which free space is not worth a word. */
const LARGE = 104_857_600;

const FUNCTIONS = /* sql */ `
select distinct on (p.proname)
       e.extname::pg_catalog.text as extension,
       p.proname::pg_catalog.text as name,
       pg_catalog.quote_ident(n.nspname) as schema,
       p.pronargs::pg_catalog.int4 as arguments,
       pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as signature,
       pg_catalog.has_schema_privilege(n.oid, 'usage') as may_use,
       pg_catalog.has_function_privilege(p.oid, 'execute') as may_execute
  from pg_catalog.pg_extension e
  join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
                             and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.deptype = 'e'
  join pg_catalog.pg_proc p on p.oid = d.objid
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where e.extname in ('amcheck', 'pgstattuple')
   and p.proname::pg_catalog.text = any ($1::pg_catalog.text[])
   -- pgstattuple has each twice, by name and by oid.
   and p.proargtypes[0] = 'pg_catalog.regclass'::pg_catalog.regtype
 order by p.proname, p.pronargs desc`;

/** What the functions can look into, smallest first: as many relations as the time allows. Fails like Session.rows. */
export async function readTargets(session: Session, functions: readonly DeepFunction[]): Promise<DeepTarget[]> {
  const rows = await session.rows<{ oid: string; name: string; bytes: string; function: string }>(TARGETS, [LARGE]);
  return rows.flatMap(({ oid, name, bytes, function: wanted }) => {
    const found = functions.find((one) => one.name === wanted);
    if (found === undefined || found.call === null || !found.mayUse || !found.mayExecute) return [];
    return [{ check: found.check, name, bytes: Number(bytes), query: found.call, oid: Number(oid) }];
  });
}

const TARGETS = /* sql */ `
with relation as (
  select c.oid, c.relkind, c.relam, pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
         c.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8 as bytes
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'm', 'i')
     and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and (c.relpersistence = 'p' or c.relpersistence = 'u' and not pg_catalog.pg_is_in_recovery())
), planned(oid, name, bytes, function, late) as (
  select r.oid, r.name, r.bytes, case m.amname when 'gin' then 'gin_index_check' else 'bt_index_check' end, false
    from relation r
    join pg_catalog.pg_am m on m.oid = r.relam and m.amname in ('btree', 'gin')
    join pg_catalog.pg_index i on i.indexrelid = r.oid and i.indisvalid and i.indisready
  union all
  select r.oid, r.name, r.bytes, 'verify_heapam', false
    from relation r
    join pg_catalog.pg_am m on m.oid = r.relam and m.amname = 'heap'
  union all
  select r.oid, r.name, r.bytes, 'pgstattuple_approx', true
    from relation r
    join pg_catalog.pg_am m on m.oid = r.relam and m.amname = 'heap'
   where r.bytes > $1
)
select p.oid::pg_catalog.text as oid, p.name, p.bytes::pg_catalog.text as bytes, p.function
  from planned p
 order by p.late, p.bytes, p.name`;
