import { qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { loadParser } from '../migrate/statements.ts';
import { functionsOf, relationsOf, rowlessSides } from './row-sides.ts';

/**
 * Whether policies let the login see every row of the tables a sum is made of; null: that is proved, else why not. `by` is an expression on a row of
 * `table`, which may look into others. Call it in the transaction that sums, in READ COMMITTED and with row_security on: from the first look on
 * nobody can change a policy of these tables.
 *
 * `row_security = off` asks for less: it fails where a policy holds for the role at all, if only `using (true)`.
 */
export async function hiddenRows(session: Session, table: string, by: string | null): Promise<string | null> {
  await loadParser();
  const [own] = await session.rows<{ names: string[] }>(OWN_FUNCTIONS, [functionsOf(by)]);
  if (own !== undefined && own.names.length > 0) return `what ${own.names.join(', ')} reads is not known`;
  const { schema, name } = splitName(table);
  for (const written of [qualified(schema, name), ...relationsOf(by)]) {
    const [relation] = await session.rows<Relation>(RELATION, [written]);
    // The name of a with-query, whose own tables are in the list.
    if (relation === undefined) continue;
    if (!['r', 'p'].includes(relation.kind)) return `${relation.name} is no table, and what it reads is not known`;
    await session.rows(`select from ${written} limit 0`);
    const hidden = await withBareNames(session, () => policiesHide(session, relation.oid));
    if (hidden !== null) return `${hidden} may hide rows of ${relation.name}`;
  }
  return null;
}

interface Relation {
  readonly oid: number;
  readonly name: string;
  readonly kind: string;
}

const RELATION = /* sql */ `
select c.oid::pg_catalog.int8::pg_catalog.float8 as oid, pg_catalog.format('%s.%s', n.nspname, c.relname) as name, c.relkind::pg_catalog.text as kind
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = pg_catalog.to_regclass($1)`;

const OWN_FUNCTIONS = /* sql */ `
select array(
  select distinct p.proname::pg_catalog.text from pg_catalog.pg_proc p
  where p.proname = any ($1) and p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
  order by 1) as names`;

interface Policy {
  readonly name: string;
  readonly restrictive: boolean;
  /** Null: of one that has none, every row. */
  readonly condition: string | null;
}

/** The server joins permissive policies by OR and adds restrictive ones by AND. Null: those that hold for this role let every row through. */
async function policiesHide(session: Session, oid: number): Promise<string | null> {
  const [active] = await session.rows<{ is: boolean }>(
    'select pg_catalog.row_security_active($1::pg_catalog.int8::pg_catalog.oid) as is',
    [oid],
  );
  if (active?.is === false) return null;
  const policies = await session.rows<Policy>(POLICIES, [oid]);
  for (const one of policies.filter(({ restrictive }) => restrictive))
    if (!(await isEveryRow(session, one.condition))) return `policy ${one.name}`;
  const permissive = policies.filter(({ restrictive }) => !restrictive);
  for (const one of permissive) if (await isEveryRow(session, one.condition)) return null;
  return permissive.length === 0 ? 'row-level security' : permissive.map(({ name }) => `policy ${name}`).join(' or ');
}

/** Names of pg_catalog alone stand bare in what the server writes, whatever the search_path of the role, which is put back. */
async function withBareNames<T>(session: Session, use: () => Promise<T>): Promise<T> {
  const set = `select pg_catalog.set_config('search_path', $1, true)`;
  const [path] = await session.rows<{ before: string }>(`select pg_catalog.current_setting('search_path') as before`);
  await session.rows(set, ['pg_catalog']);
  const result = await use();
  await session.rows(set, [path?.before ?? '']);
  return result;
}

const POLICIES = /* sql */ `
select p.polname::pg_catalog.text as name, not p.polpermissive as restrictive, pg_catalog.pg_get_expr(p.polqual, p.polrelid) as condition
from pg_catalog.pg_policy p
where p.polrelid = $1::pg_catalog.int8::pg_catalog.oid and p.polcmd in ('*', 'r')
  and (p.polroles = '{0}' or exists (select from pg_catalog.unnest(p.polroles) r (oid) where pg_catalog.pg_has_role(r.oid, 'usage')))
order by p.polname`;

/** One side of its ORs does not look at the row, and says yes to this session. */
async function isEveryRow(session: Session, condition: string | null): Promise<boolean> {
  if (condition === null) return true;
  for (const side of rowlessSides(condition)) {
    const [found] = await session.rows<{ yes: boolean }>(`select (${side}) is true as yes`);
    if (found?.yes === true) return true;
  }
  return false;
}
