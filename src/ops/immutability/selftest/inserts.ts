import { literal } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { Actor } from './actor.ts';
import type { TestedRelation } from './relation.ts';
import type { Trial } from './run.ts';

/**
 * Inserts still work: the project's probe as this session, and its row again as each role that may insert, with the columns that role was granted.
 * Foreign keys were checked the first time; for the others the parents are gone with the probe, so they are left out.
 */
export async function insertAttempts(
  session: Session,
  relation: TestedRelation,
  actors: readonly Actor[],
  probe: readonly string[] | null,
): Promise<Trial[]> {
  const own = actors.find(({ rank }) => rank === 'superuser');
  if (probe === null || relation.isPartition || own === undefined) return [];
  const { name } = relation;
  const works: Trial = {
    path: 'insert_works',
    relation: name,
    actor: own,
    attempt: { before: [], role: own.role, sql: probe },
    expected: { kind: 'works' },
  };
  const row = await sampleRow(session, relation, probe);
  if (row === null) return [works];
  const writers = await session.rows<{ role: string; columns: string[] }>(WRITERS, [
    name,
    actors.filter(({ rank }) => rank !== 'superuser').map(({ role }) => role),
  ]);
  return [
    works,
    ...writers.flatMap(({ role, columns }): Trial[] => {
      const actor = actors.find((one) => one.role === role);
      if (actor === undefined || columns.length === 0) return [];
      const list = columns.join(', ');
      const sql = `insert into ${name} (${list}) overriding user value select ${list} from pg_catalog.jsonb_populate_record(null::${name}, ${literal(row)}::pg_catalog.jsonb)`;
      const attempt = { before: ['set local session_replication_role = replica'], role, sql: [sql] };
      return [{ path: 'insert_works', relation: name, actor, attempt, expected: { kind: 'works' } }];
    }),
  ];
}

/** The row the probe makes, as JSON; the probe is taken back. */
async function sampleRow(session: Session, { table }: TestedRelation, probe: readonly string[]): Promise<string | null> {
  await session.script('savepoint sample');
  try {
    for (const statement of probe.slice(0, -1)) await session.script(statement);
    const [row] = await session.rows<{ row: string }>(
      `${probe.at(-1)} returning pg_catalog.to_jsonb(${table}.*)::pg_catalog.text as row`,
    );
    return row?.row ?? null;
  } catch {
    return null;
  } finally {
    await session.script('rollback to savepoint sample');
  }
}

const WRITERS = /* sql */ `
select r.role,
       array(select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
             where a.attrelid = $1::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
               and pg_catalog.has_column_privilege(r.role, a.attrelid, a.attnum, 'insert')
             order by a.attnum) as columns
from pg_catalog.unnest($2::pg_catalog.text[]) r (role)
where pg_catalog.has_any_column_privilege(r.role, $1::pg_catalog.regclass, 'insert')
  and pg_catalog.has_schema_privilege(r.role, (select c.relnamespace from pg_catalog.pg_class c where c.oid = $1::pg_catalog.regclass), 'usage')
order by r.role`;
