import type { Session } from '../../../db/session.ts';
import type { RoleId } from '../rights/acl.ts';
import type { ObjectName } from './object-name.ts';

/** A row of pg_policy. */
export interface Policy {
  readonly relation: number;
  readonly name: string;
  /** r, a, w, d as in an ACL; * for all of them. */
  readonly command: 'r' | 'a' | 'w' | 'd' | '*';
  /** False: restrictive, which all have to allow. */
  readonly permissive: boolean;
  /** PUBLIC is 0. */
  readonly roles: readonly RoleId[];
}

/** What the catalog of roles does not hold and an explanation asks. */
export interface ExplainFacts {
  /** Tables that have a column called as the object's last part. */
  readonly withColumn: ReadonlySet<number>;
  readonly policies: readonly Policy[];
  /** When a parameter of that name may be set, as pg_settings.context has it; null where there is none. */
  readonly parameterContext: string | null;
}

/** Reads them in the caller's transaction. Fails with sql.failed where the connection does. */
export async function readExplainFacts(session: Session, name: ObjectName): Promise<ExplainFacts> {
  const last = name.parts.at(-1) ?? '';
  const columns = await session.rows<{ relation: number }>(
    `select a.attrelid as relation from pg_catalog.pg_attribute a where a.attname = $1 and a.attnum > 0 and not a.attisdropped`,
    [name.parts.length === 3 ? last : ''],
  );
  const policies = await session.rows<Policy>(
    `select p.polrelid as relation, p.polname as name, p.polcmd as command, p.polpermissive as permissive, p.polroles as roles
     from pg_catalog.pg_policy p
     order by p.polrelid, p.polname`,
  );
  const [setting] = await session.rows<{ context: string }>(`select s.context from pg_catalog.pg_settings s where s.name = $1`, [
    last,
  ]);
  return {
    withColumn: new Set(columns.map(({ relation }) => relation)),
    policies,
    parameterContext: setting?.context ?? null,
  };
}
