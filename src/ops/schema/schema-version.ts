import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';

/** Version of schema dbctl in this database; 0 where it is not there. Fails with db.denied when the role may not read it. */
export async function readSchemaVersion(session: Session): Promise<number> {
  try {
    const [row] = await session.rows<{ version: number }>(
      'select coalesce(pg_catalog.max(s.version), 0)::pg_catalog.int4 as version from dbctl.schema_version s',
    );
    return row?.version ?? 0;
  } catch (thrown) {
    // invalid_schema_name, undefined_table
    if (thrown instanceof DbctlError && ['3F000', '42P01'].includes(thrown.sqlstate ?? '')) return 0;
    throw thrown;
  }
}
