import type { Session } from '../../../db/session.ts';

/** Rows hashed of each relation at most: a big table is not read as a whole for a self-test. */
const PAGES = 400;

/** Everything the test could have left behind, by relation: a hash of its definition and one of its rows. */
export type Fingerprint = ReadonlyMap<string, { readonly definition: string; readonly rows: string }>;

/**
 * Definition: the catalog rows of the relation, its columns, triggers, constraints, rules, policies and grants, byte for byte, without counters
 * that vacuum and analyze keep. Rows: number and sum of hashes of those that were written before `horizon`, so that inserts of others in the
 * meantime do not count.
 */
export async function fingerprint(session: Session, relations: readonly string[], horizon: string): Promise<Fingerprint> {
  const prints = new Map<string, { definition: string; rows: string }>();
  const definitions = await session.rows<{ name: string; definition: string }>(DEFINITIONS, [relations]);
  for (const { name, definition } of definitions) {
    const [row] = await visibleRows(session, name, horizon);
    prints.set(name, { definition, rows: row?.rows ?? '' });
  }
  return prints;
}

/** Where the session's role may not read a table, its rows cannot be compared; the definition can. */
async function visibleRows(session: Session, name: string, horizon: string): Promise<{ rows: string }[]> {
  return session
    .rows<{ rows: string }>(
      `select pg_catalog.format('%s rows, %s', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended((t.*)::pg_catalog.text, 0))) as rows
       from only ${name} t
       where t.ctid < '(${PAGES},0)'::pg_catalog.tid and pg_catalog.age(t.xmin) > pg_catalog.age($1::pg_catalog.xid8::pg_catalog.xid)`,
      [horizon],
    )
    .catch((thrown: { sqlstate?: string }) => {
      if (thrown.sqlstate !== '42501') throw thrown;
      return [{ rows: 'not readable' }];
    });
}

/** Transactions below this had ended when the test began. */
export async function readTestHorizon(session: Session): Promise<string> {
  const [row] = await session.rows<{ horizon: string }>(
    'select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text as horizon',
  );
  return row?.horizon ?? '0';
}

const DEFINITIONS = /* sql */ `
select r.name,
       pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws(pg_catalog.chr(10),
         (select (pg_catalog.to_jsonb(c) - array['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid', 'relhasindex'])::pg_catalog.text
          from pg_catalog.pg_class c where c.oid = r.oid),
         (select pg_catalog.string_agg(pg_catalog.to_jsonb(a)::pg_catalog.text, ' ' order by a.attnum) from pg_catalog.pg_attribute a where a.attrelid = r.oid),
         (select pg_catalog.string_agg(pg_catalog.to_jsonb(t)::pg_catalog.text, ' ' order by t.oid) from pg_catalog.pg_trigger t where t.tgrelid = r.oid),
         (select pg_catalog.string_agg(pg_catalog.to_jsonb(k)::pg_catalog.text, ' ' order by k.oid) from pg_catalog.pg_constraint k where k.conrelid = r.oid),
         (select pg_catalog.string_agg(pg_catalog.to_jsonb(d)::pg_catalog.text, ' ' order by d.oid) from pg_catalog.pg_attrdef d where d.adrelid = r.oid),
         (select pg_catalog.string_agg(pg_catalog.to_jsonb(w)::pg_catalog.text, ' ' order by w.oid) from pg_catalog.pg_rewrite w where w.ev_class = r.oid),
         (select pg_catalog.string_agg(pg_catalog.to_jsonb(p)::pg_catalog.text, ' ' order by p.oid) from pg_catalog.pg_policy p where p.polrelid = r.oid),
         (select pg_catalog.string_agg(f.proname || pg_catalog.md5(f.prosrc) || f.proowner::pg_catalog.text, ' ' order by f.oid)
          from pg_catalog.pg_proc f where f.pronamespace = 'dbctl'::pg_catalog.regnamespace),
         (select pg_catalog.string_agg(e.evtname || e.evtenabled::pg_catalog.text, ' ' order by e.evtname) from pg_catalog.pg_event_trigger e)
       ), 'UTF8')), 'hex') as definition
from (
  select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.oid
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
) r
where r.name = any ($1)
order by r.name`;
