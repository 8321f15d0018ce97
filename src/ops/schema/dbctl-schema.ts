import { DbctlError, fail } from '../../core/errors.ts';
import { literal, qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { createRoleUnlessThere } from './role.ts';
import { archiveVersion } from './archive/index.ts';
import { returnVersion } from './archive/return-version.ts';
import { blobsVersion } from './blobs/index.ts';
import { holdsVersion } from './holds.ts';
import { immutabilityVersion } from './immutability/index.ts';
import { keyIndexesVersion } from './key-indexes.ts';
import { ledgerVersion } from './ledger.ts';
import { loansVersion } from './loans.ts';
import { passwordsVersion } from './passwords.ts';
import { readSchemaVersion } from './schema-version.ts';

/**
 * Everything dbctl keeps in a database is in schema `dbctl` (contract C6). The schema has a version of its own, and these are its
 * migrations: append, never edit.
 *
 * Its objects belong to `dbctl_owner`, a role nobody logs in as, where the running role may create one; on servers where it may
 * not, they belong to the running role, and `dbctl doctor` says so. `dbctl_auditor` may read all of it.
 */
const MIGRATIONS: readonly ((table: string) => string)[] = [
  firstVersion,
  immutabilityVersion,
  ledgerVersion,
  loansVersion,
  passwordsVersion,
  holdsVersion,
  archiveVersion,
  returnVersion,
  blobsVersion,
  keyIndexesVersion,
];

/** The version this dbctl brings schema dbctl to. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** From which version to which schema dbctl has to be brought; null: it is as this dbctl wants it, or not there at all. Fails like {@link readSchemaVersion}. */
export async function schemaUpgrade(session: Session): Promise<{ from: number; to: number } | null> {
  const from = await readSchemaVersion(session);
  return from === 0 || from >= SCHEMA_VERSION ? null : { from, to: SCHEMA_VERSION };
}

/** Everything {@link ensureDbctlSchema} would run on an empty database: a template made by other SQL is another template. */
export const schemaSql = (table: string): string => MIGRATIONS.map((migration) => migration(table)).join('\n');

/**
 * Creates the schema, or brings it from `version` (0: not there) to what this dbctl knows. Call it under the migrate lock.
 * Fails with db.version when a newer dbctl has been here: it may have changed what this one relies on; with db.denied, saying who has to do
 * it, where the running role may not.
 */
export async function ensureDbctlSchema(session: Session, table: string, version: number): Promise<void> {
  if (version > MIGRATIONS.length) {
    fail('db.version', `schema dbctl is at version ${version}, and this dbctl knows ${MIGRATIONS.length}`, {
      hint: 'A newer dbctl has worked on this database: update this one.',
    });
  }
  const missing = MIGRATIONS.slice(version).map(
    (migration, index) => `${migration(table)}\ninsert into dbctl.schema_version (version) values (${version + index + 1});`,
  );
  if (missing.length === 0) return;
  try {
    for (const transaction of transactions(version, missing)) await inOneMessage(session, transaction);
  } catch (thrown) {
    if (version === 0 || !(thrown instanceof DbctlError && thrown.code === 'db.denied')) throw thrown;
    const versions = `schema dbctl is at version ${version}, and this dbctl works with ${SCHEMA_VERSION}`;
    fail('db.denied', `${versions}: ${session.user} may not bring it there: ${thrown.message}`, {
      hint: 'Let a superuser do it, once: dbctl immutability install. Nothing was changed.',
      cause: thrown,
    });
  }
}

/**
 * A new schema is made whole. An older one is brought to {@link INDEXES_OF_PERMITS} under a permit; the table of permits itself cannot be changed
 * in the transaction that has one (55006), so the rest is a transaction of its own. Killed in between, the next run finishes.
 */
function transactions(version: number, missing: readonly string[]): readonly string[] {
  if (version === 0) return [missing.join('\n')];
  const guarded = Math.max(0, INDEXES_OF_PERMITS - 1 - version);
  const [before, after] = [missing.slice(0, guarded), missing.slice(guarded)];
  return [...(before.length === 0 ? [] : [[upgradePermit(version), ...before].join('\n')]), ...after];
}

/** The version that changes nothing but indexes, of the table of permits too. */
const INDEXES_OF_PERMITS = 10;

/** Since this version the functions of schema dbctl are guarded: whoever changes them says so first, in the same transaction. */
const GUARDED_SINCE = 2;

/** Who may not give it gets no functions either: the versions leave them out. */
const upgradePermit = (from: number): string =>
  from < GUARDED_SINCE
    ? ''
    : /* sql */ `
do $permit$
begin
  if pg_catalog.has_table_privilege('dbctl.permit', 'INSERT') then
    insert into dbctl.permit (relation, purpose, reason) values (null, 'upgrade', 'schema dbctl, from version ${from}');
  end if;
end
$permit$;`;

async function inOneMessage(session: Session, sql: string): Promise<void> {
  try {
    await session.script(`begin;\n${sql}\ncommit;`);
  } catch (thrown) {
    await session.script('rollback').catch(() => {});
    throw thrown;
  }
}

function firstVersion(table: string): string {
  const { schema, name } = splitName(table);
  return /* sql */ `
create schema if not exists dbctl;
comment on schema dbctl is 'What dbctl keeps: migration history, run records. Dropping it leaves user data untouched.';

create table dbctl.schema_version (
  version integer primary key,
  applied_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table dbctl.schema_version is 'Versions of this schema itself.';

create table if not exists ${qualified(schema, name)} (
  version bigint primary key,
  name text,
  md5 text,
  run_at timestamptz
);
comment on table ${qualified(schema, name)} is 'Applied migrations, in the form postgrator reads and writes.';

create table dbctl.migration_log (
  version bigint not null,
  attempt integer not null default 1,
  name text not null,
  file text not null,
  sha256 text not null,
  bytes_sha256 text not null,
  state text not null check (state in ('running', 'applied', 'failed')),
  statements_done integer,
  statements_total integer,
  started_at timestamptz not null default pg_catalog.clock_timestamp(),
  duration_ms bigint,
  operator text not null,
  db_user text not null default session_user,
  commit_sha text,
  dbctl_version text not null,
  error text,
  primary key (version, attempt)
);
comment on table dbctl.migration_log is 'Every attempt to apply a migration: who, from which file content, how long, with what end.';
comment on column dbctl.migration_log.sha256 is 'of the text without byte order mark and with LF line ends: equal on every checkout';
comment on column dbctl.migration_log.bytes_sha256 is 'of the bytes of the file as it was read';
comment on column dbctl.migration_log.statements_done is 'journal of a migration that runs outside a transaction; null for the others';
create unique index migration_log_applied on dbctl.migration_log (version) where state = 'applied';

create table dbctl.run (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  started_at timestamptz not null default pg_catalog.clock_timestamp(),
  command text not null,
  operator text not null,
  db_user text not null default session_user,
  ci_job text,
  commit_sha text,
  dbctl_version text not null,
  outcome text not null,
  summary jsonb not null default '{}'
);
comment on table dbctl.run is 'Runs of commands that changed something, append-only.';

${OWNERSHIP(schema, name)}`;
}

const OWNERSHIP = (schema: string, name: string): string => /* sql */ `
do $ownership$
declare
  relation regclass;
begin
  if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) then
    return;
  end if;
  ${createRoleUnlessThere('dbctl_owner')}
  ${createRoleUnlessThere('dbctl_auditor')}
  alter schema dbctl owner to dbctl_owner;
  grant usage on schema dbctl to dbctl_auditor;
  for relation in
    select c.oid from pg_catalog.pg_class c
    where c.relkind = 'r'
      and (c.relnamespace = 'dbctl'::regnamespace or c.oid = pg_catalog.to_regclass(${literal(qualified(schema, name))}))
    order by c.oid
  loop
    execute pg_catalog.format('alter table %s owner to dbctl_owner', relation);
    execute pg_catalog.format('grant select on table %s to dbctl_auditor', relation);
  end loop;
end
$ownership$;`;
