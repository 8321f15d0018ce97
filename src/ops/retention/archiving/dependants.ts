import type { Session } from '../../../db/session.ts';

/** What depends on a partition by its own name, or goes with it: {@link readDependants}. */
export interface Dependant {
  /** `view app.january`, by pg_identify_object. */
  readonly what: string;
  /** blocks: the drop fails. lost: it goes along, and nobody is told. */
  readonly how: 'blocks' | 'lost';
  /** Statements, those of what depends on it in turn first. */
  readonly fix: string;
}

/**
 * What else than a foreign key names a partition. Measured on 18.2: a detach minds none of it. The drop fails with 2BP01 where a view or a
 * materialized view reads it, a function of SQL-standard body uses it, a policy or a rule of another table asks it, a column or a function is of
 * the type of its rows, a default takes from its sequence, or an extension has it. A publication that names it loses it without a word, and a
 * constraint trigger of another table `from` it is dropped. Its own indexes, statistics, policies and triggers go with it, as they should. What
 * functions name in text (PL/pgSQL) the server does not know.
 */
export const readDependants = (session: Session, oid: number): Promise<Dependant[]> => session.rows<Dependant>(DEPENDANTS, [oid]);

/** How deep views may stand on one another for their statements to be in order. */
const DEEPEST = 8;

/**
 * As the server walks: what depends on the partition automatically goes with it, and what else depends on one of those keeps it. Foreign keys are
 * read elsewhere: those of the table leave with the detach. A view depends by its rule.
 */
const DEPENDANTS = /* sql */ `
with recursive going (classid, objid) as (
  select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, $1::pg_catalog.int8::pg_catalog.oid
  union
  select d.classid, d.objid
  from going g
  join pg_catalog.pg_depend d on d.refclassid = g.classid and d.refobjid = g.objid
  where d.deptype in ('a', 'i', 'P', 'S')
    and not (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
             and exists (select from pg_catalog.pg_constraint k where k.oid = d.objid and k.contype = 'f' and k.confrelid = $1::pg_catalog.int8::pg_catalog.oid))
), edge as not materialized (
  select d.refclassid, d.refobjid, d.deptype,
         case when r.oid is null then d.classid else 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid end as classid,
         coalesce(r.ev_class, d.objid) as objid, case when r.oid is null and v.oid is null then d.objsubid else 0 end as objsubid
  from pg_catalog.pg_depend d
  left join pg_catalog.pg_class v
    on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and v.oid = d.objid and v.relkind in ('v', 'm')
  left join pg_catalog.pg_rewrite r
    on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid and r.rulename = '_RETURN'
  where not (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
             and exists (select from pg_catalog.pg_constraint k where k.oid = d.objid and k.contype = 'f'))
), chain (classid, objid, objsubid, depth, direct) as (
  select e.classid, e.objid, e.objsubid, 1, true
  from going g
  join edge e on e.refclassid = g.classid and e.refobjid = g.objid and e.deptype = 'n'
  where not exists (select from going o where o.classid = e.classid and o.objid = e.objid)
  union
  select e.classid, e.objid, e.objsubid, c.depth + 1, e.deptype = 'n'
  from chain c
  join edge e on e.refclassid = c.classid and e.refobjid = c.objid and c.objsubid = 0 and e.deptype in ('n', 'a', 'i')
  where c.depth < ${DEEPEST} and not (e.classid = c.classid and e.objid = c.objid)
    and not exists (select from going o where o.classid = e.classid and o.objid = e.objid)
), keeping as (
  select c.classid, c.objid, c.objsubid, pg_catalog.max(c.depth) as depth
  from chain c
  where c.direct
  group by 1, 2, 3
), named as (
  select 'blocks' as how, -k.depth as place, i.type, i.identity, i.type || ' ' || i.identity as what, k.classid, k.objid
  from keeping k
  cross join lateral pg_catalog.pg_identify_object(k.classid, k.objid, k.objsubid) i
  union all
  select distinct 'blocks', 0, 'extension', x.extname::pg_catalog.text, 'extension ' || pg_catalog.quote_ident(x.extname),
         x.tableoid, x.oid
  from going g
  join pg_catalog.pg_depend d on d.classid = g.classid and d.objid = g.objid and d.deptype = 'e'
  join pg_catalog.pg_extension x on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and x.oid = d.refobjid
  union all
  select 'lost', 0, 'publication', b.pubname, 'publication ' || pg_catalog.quote_ident(b.pubname), g.classid, g.objid
  from going g
  join pg_catalog.pg_publication_rel p on g.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass and p.oid = g.objid
  join pg_catalog.pg_publication b on b.oid = p.prpubid
  union all
  select 'lost', 0, 'trigger', i.identity, 'trigger ' || i.identity, g.classid, g.objid
  from going g
  join pg_catalog.pg_trigger t on g.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and t.oid = g.objid
    and t.tgrelid <> $1::pg_catalog.int8::pg_catalog.oid and not t.tgisinternal
  cross join lateral pg_catalog.pg_identify_object(g.classid, g.objid, 0) i
)
select n.what, n.how,
       case
         when n.how = 'lost' and n.type = 'publication'
           then pg_catalog.format('alter publication %I drop table %s; -- or publish %s itself, and its partitions with it', n.identity, p.itself, p.root)
         when n.how = 'lost' then pg_catalog.format('drop trigger %s;', n.identity)
         when n.type in ('view', 'materialized view')
           then pg_catalog.format('drop %s; -- or let it read %s, not a partition of it', n.what, p.root)
         when n.type in ('function', 'procedure', 'aggregate', 'policy', 'rule', 'trigger') then pg_catalog.format('drop %s;', n.what)
         when n.type = 'extension' then pg_catalog.format('alter extension %I drop table %s;', n.identity, p.itself)
         when n.type = 'default value' then (
           select pg_catalog.format('alter table %I.%I alter column %I drop default;', dn.nspname, dc.relname, a.attname)
           from pg_catalog.pg_attrdef f
           join pg_catalog.pg_class dc on dc.oid = f.adrelid
           join pg_catalog.pg_namespace dn on dn.oid = dc.relnamespace
           join pg_catalog.pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
           where f.oid = n.objid)
         else pg_catalog.format('-- %s: change it, or drop it', n.what)
       end as fix
from named n
cross join (
  select pg_catalog.format('%I.%I', ns.nspname, c.relname) as itself,
         (select pg_catalog.format('%I.%I', rn.nspname, r.relname) from pg_catalog.pg_inherits h
          join pg_catalog.pg_class r on r.oid = h.inhparent join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
          where h.inhrelid = c.oid) as root
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace ns on ns.oid = c.relnamespace
  where c.oid = $1::pg_catalog.int8::pg_catalog.oid
) p
order by n.how, n.place, n.what`;
