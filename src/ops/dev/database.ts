import type { DbctlError } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import type { Control } from './environment.ts';
import type { RunningServer } from './engine.ts';
import { withDevSession } from './session.ts';

/** 42P04 duplicate_database, and 23505 when two create it in the same moment. */
const IT_IS_THERE = new Set(['42P04', '23505']);

/** Creates the database unless it is there; true when it was created. */
export async function createDatabase(
  server: RunningServer,
  database: string,
  { signal }: Pick<Control, 'signal'>,
): Promise<boolean> {
  return withDevSession(server, signal, async (session) => {
    const there = await session.rows('select 1 from pg_catalog.pg_database d where d.datname = $1', [database]);
    if (there.length > 0) return false;
    try {
      await session.rows(`create database ${ident(database)}`);
      return true;
    } catch (thrown) {
      if (IT_IS_THERE.has((thrown as DbctlError).sqlstate ?? '')) return false;
      throw thrown;
    }
  });
}

export interface DatabaseSize {
  readonly name: string;
  readonly bytes: number;
  /** A finished template of `dev reset`. */
  readonly template: boolean;
}

/** The server's databases, without those every PostgreSQL server has. */
export async function listDatabases(
  server: RunningServer,
  { signal }: Pick<Control, 'signal'>,
): Promise<readonly DatabaseSize[]> {
  return withDevSession(server, signal, async (session) => {
    const rows = await session.rows<{ name: string; bytes: string; template: boolean }>(DATABASES);
    return rows.map(({ name, bytes, template }) => ({ name, bytes: Number(bytes), template }));
  });
}

const DATABASES = /* sql */ `
select d.datname::text as name, pg_catalog.pg_database_size(d.oid)::text as bytes, d.datistemplate as template
from pg_catalog.pg_database d
where d.datname not in ('postgres', 'template0', 'template1')
order by d.datname`;
