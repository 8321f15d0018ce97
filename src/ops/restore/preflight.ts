import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { LogicalManifest, SourceFacts } from '../backup/manifest.ts';
import { missingRoles } from '../backup/source.ts';
import { unfinishedRestore } from '../backup/unfinished.ts';
import { majorOf } from '../tools/program.ts';

/** What a database is before a restore into it. */
export interface TargetFacts {
  readonly objects: readonly string[];
  readonly encoding: string;
  readonly localeProvider: string;
  readonly locale: string | null;
  readonly collate: string;
  readonly ctype: string;
  readonly roles: readonly string[];
  readonly tablespaces: readonly string[];
  readonly extensions: readonly string[];
}

/**
 * Everything that would stop a restore half-way or make it another database than the one backed up, found before anything is touched. One
 * sentence each; none when it may begin.
 */
async function restoreProblems(session: Session, manifest: LogicalManifest): Promise<string[]> {
  const target = await readTarget(session);
  const { source } = manifest;
  const [from, to] = [majorOf(source.serverVersion), majorOf(session.serverVersion)];
  const there = new Set(target.extensions);
  return [
    // Dropped and made anew, as the hint says, it is another one.
    ...(target.objects.length > 0 && isSource(session, source) ? [`it is the database the backup was made of`] : []),
    ...(target.objects.length > 0 ? [`it is not empty: it has ${some(target.objects)}`] : []),
    ...(to < from ? [`it is of PostgreSQL ${to}, and the backup of ${from}`] : []),
    ...localeProblems(source, target),
    ...missingRoles(source.roles, target.roles).map(({ name }) => `the role ${name} is missing`),
    ...missingTablespaces(source, target),
    ...source.extensions
      .filter(({ name }) => !there.has(name))
      .map(({ name, version }) => `the extension ${name} ${version} is not available on this server`),
  ];
}

const isSource = ({ systemIdentifier, database }: Session, source: SourceFacts): boolean =>
  systemIdentifier !== null && source.systemIdentifier === systemIdentifier && source.database === database;

const missingTablespaces = ({ tablespaces = [] }: SourceFacts, target: TargetFacts): string[] =>
  tablespaces.filter((name) => !target.tablespaces.includes(name)).map((name) => `the tablespace ${name} is missing`);

export async function readTarget(session: Session): Promise<TargetFacts> {
  const [target] = await session.rows<TargetFacts>(TARGET);
  if (target === undefined) throw new Error('a session is always on a database');
  return target;
}

/** Where text would sort and compare otherwise. */
export function localeProblems(source: SourceFacts, target: TargetFacts): string[] {
  const keys = ['encoding', 'localeProvider', 'locale', 'collate', 'ctype'] as const;
  return keys
    .filter((key) => source[key] !== target[key])
    .map(
      (key) =>
        `its ${key} is ${target[key] ?? 'none'}, and that of the backup ${source[key] ?? 'none'}: text would sort and compare otherwise`,
    );
}

/** Fails with refused, naming every problem. */
export async function requireRestorable(session: Session, manifest: LogicalManifest): Promise<void> {
  const unfinished = await unfinishedRestore(session);
  if (unfinished !== null) {
    const name = session.database.replaceAll('"', '""');
    fail(
      'refused',
      `the restore of ${unfinished} into ${session.database} did not end: it may be half made, and was not compared`,
      {
        hint: `Drop it and begin again: drop database "${name}" with (force); ${createDatabase(session.database, manifest.source)}`,
      },
    );
  }
  const problems = await restoreProblems(session, manifest);
  if (problems.length === 0) return;
  fail('refused', `${manifest.id} cannot be restored into ${session.database}: ${problems.join('; ')}`, {
    hint: `Make an empty database: ${createDatabase(session.database, manifest.source)}`,
  });
}

/** The statement that makes a database like the one backed up. */
export function createDatabase(
  name: string,
  {
    encoding,
    localeProvider,
    locale,
    collate,
    ctype,
  }: Pick<SourceFacts, 'encoding' | 'localeProvider' | 'locale' | 'collate' | 'ctype'>,
): string {
  const own =
    localeProvider === 'builtin'
      ? ` builtin_locale ${quoted(locale ?? 'C')}`
      : localeProvider === 'icu'
        ? ` icu_locale ${quoted(locale ?? 'und')}`
        : '';
  return `create database "${name.replaceAll('"', '""')}" template template0 encoding ${quoted(encoding)} locale_provider ${localeProvider}${own} lc_collate ${quoted(collate)} lc_ctype ${quoted(ctype)}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

const TARGET = /* sql */ `
select array(
         select pg_catalog.format('%s %s', case c.relkind when 'r' then 'table' when 'p' then 'table' when 'S' then 'sequence' else 'relation' end, c.oid::pg_catalog.regclass)
         from pg_catalog.pg_class c
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
         union all
         select pg_catalog.format('function %s', p.oid::pg_catalog.regprocedure)
         from pg_catalog.pg_proc p
         join pg_catalog.pg_namespace n on n.oid = p.pronamespace
         where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
         union all
         select pg_catalog.format('schema %s', n.nspname)
         from pg_catalog.pg_namespace n
         where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
         order by 1) as objects,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text as encoding,
       case d.datlocprovider when 'b' then 'builtin' when 'i' then 'icu' else 'libc' end as "localeProvider",
       d.datlocale as locale,
       d.datcollate as collate,
       d.datctype as ctype,
       array(select r.rolname::pg_catalog.text from pg_catalog.pg_roles r) as roles,
       array(select t.spcname::pg_catalog.text from pg_catalog.pg_tablespace t) as tablespaces,
       array(select distinct e.name::pg_catalog.text from pg_catalog.pg_available_extensions e) as extensions
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()`;
