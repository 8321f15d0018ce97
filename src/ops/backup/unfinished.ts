import { DbctlError } from '../../core/errors.ts';
import { ident, literal } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';

/**
 * What says of a database that a restore into it has begun and did not end. It stands outside of what is restored, as a setting of the database:
 * a restore that is killed leaves tables without their indexes, keys and guards, and nothing in them tells.
 */
export const MARK = 'dbctl.unfinished_restore';

/** The backup whose restore into this database did not end; null: there is none. */
export async function unfinishedRestore(session: Session): Promise<string | null> {
  const [row] = await session.rows<{ id: string }>(
    `select pg_catalog.substr(c.pair, pg_catalog.length($1::pg_catalog.text) + 2) as id
     from pg_catalog.pg_db_role_setting x
     join pg_catalog.pg_database d on d.oid = x.setdatabase and d.datname = pg_catalog.current_database()
     cross join lateral pg_catalog.unnest(x.setconfig) as c (pair)
     where x.setrole = 0 and pg_catalog.starts_with(c.pair, $1::pg_catalog.text || '=')`,
    [MARK],
  );
  return row?.id ?? null;
}

/** Sets the mark for the length of `use`, the comparison included, and leaves it where that fails. A role that may not set it restores without. */
export async function whileUnfinished<T>(session: Session, id: string, use: () => Promise<T>): Promise<T> {
  const database = ident(session.database);
  const marked = await session.script(`alter database ${database} set ${MARK} = ${literal(id)}`).then(
    () => true,
    (thrown: unknown) => {
      if (thrown instanceof DbctlError && thrown.code === 'db.denied') return false;
      throw thrown;
    },
  );
  const done = await use();
  if (marked) await session.script(`alter database ${database} reset ${MARK}`);
  return done;
}
