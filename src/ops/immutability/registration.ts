import { literal, qualified } from '../../db/ident.ts';
import type { ImmutabilitySettings, ProtectedTable } from './settings.ts';

/**
 * The statements that register a table with its partitions and guard them, for one transaction. The lock comes first and covers
 * partitions, so that none appears in between; the permit's deferred trigger refuses the commit of anything half guarded.
 *
 * `owner` is null where the server does not let the tables go to a separate role.
 */
export function registrationScript(
  { runbook }: ImmutabilitySettings,
  { schema, name, generated, accept }: ProtectedTable,
  owner: string | null,
  single: boolean,
): string {
  const table = qualified(schema, name);
  const root = `${literal(table)}::pg_catalog.regclass`;
  const textArray = (words: readonly string[]) => `array[${words.map(literal).join(', ')}]::pg_catalog.text[]`;
  const only = single ? '' : ' and its partitions';
  return `lock table ${table} in share row exclusive mode;
with recursive family (relation) as (
  select ${root}::pg_catalog.oid
  union all
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.relation
)
insert into dbctl.protected_relation as p
  (relation, schema_name, table_name, root, owner_name, generated_columns, accepted_shapes, runbook, previous_owner, previous_grants)
select c.oid, n.nspname, c.relname, ${root}, ${owner === null ? 'null' : literal(owner)},
       ${textArray(generated)}, ${textArray(accept)}, ${literal(runbook)},
       pg_catalog.pg_get_userbyid(c.relowner),
       array(
         select pg_catalog.format('grant %s on table %s to %s', g.privilege_type, c.oid::pg_catalog.regclass,
                  case when g.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end)
         from pg_catalog.aclexplode(c.relacl) g
         where g.grantee <> c.relowner)
from family f
join pg_catalog.pg_class c on c.oid = f.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
on conflict (relation) do update
set owner_name = excluded.owner_name,
    -- An inheritance child that dbctl.yaml lists by itself stays its own.
    root = case when p.root = p.relation then p.root else excluded.root end,
    generated_columns = excluded.generated_columns,
    accepted_shapes = excluded.accepted_shapes,
    runbook = excluded.runbook;
insert into dbctl.permit (relation, purpose, reason)
select p.relation, 'install', 'dbctl immutability install' from dbctl.protected_relation p where p.root = ${root};
${counters(root)}
-- The table${only}; the table itself first, so that partitions get the clone of its row guard.
select dbctl.guard_relation(p.relation)
from (select p.relation from dbctl.protected_relation p where p.root = ${root} order by p.relation <> p.root, p.relation) p`;
}

/** Two sequences for each SQLSTATE, made beforehand: a refused transaction could not keep one it made itself. */
const counters = (root: string): string => `do $counters$
declare
  code pg_catalog.text;
  suffix pg_catalog.text;
  guard pg_catalog.bool := exists (select from pg_catalog.pg_roles r where r.rolname = current_user and r.rolsuper);
  made pg_catalog.text;
begin
  foreach code in array array['IM001', 'IM002', 'IM003', 'IM004', 'IM005', 'IM006'] loop
    continue when exists (
      select from dbctl.violation_counter c
      join pg_catalog.pg_class a on a.oid = c.attempts
      join pg_catalog.pg_class l on l.oid = c.last_attempt
      where c.relation = ${root} and c.sqlstate = code);
    delete from dbctl.violation_counter c where c.relation = ${root} and c.sqlstate = code;
    suffix := pg_catalog.lower(code) || '_' || pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::pg_catalog.text, '-', ''), 1, 12);
    foreach made in array array['attempts_' || suffix, 'last_attempt_' || suffix] loop
      execute pg_catalog.format('create sequence dbctl.%I', made);
      if guard then
        execute pg_catalog.format('alter sequence dbctl.%I owner to dbctl_guard', made);
        execute pg_catalog.format('grant select on sequence dbctl.%I to dbctl_auditor', made);
      end if;
    end loop;
    insert into dbctl.violation_counter (relation, sqlstate, attempts, last_attempt)
    values (${root}, code, pg_catalog.format('dbctl.%I', 'attempts_' || suffix)::pg_catalog.regclass,
            pg_catalog.format('dbctl.%I', 'last_attempt_' || suffix)::pg_catalog.regclass);
  end loop;
end
$counters$;`;
