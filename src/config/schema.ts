import * as z from 'zod';
import { PIN } from '../core/pin.ts';
import { SEVERITIES } from '../core/report.ts';
import { ENCODINGS } from './encodings.ts';
import { archive } from './archive.ts';
import { immutability } from './immutability.ts';
import { backup } from './backup.ts';
import { cost } from './cost.ts';
import { evidence } from './evidence.ts';
import { ledger, words } from './ledger.ts';
import { retention } from './retention.ts';
import { anyName } from './roles/names.ts';
import {
  checkWord,
  environmentName,
  extensionName,
  identifier,
  libraryName,
  localeName,
  path,
  qualifiedName,
  release,
  slug,
  systemIdentifier,
  timezone,
  variableName,
  settingName,
} from './forms.ts';
import { choice, duration, kinds, listOf, oneNumberOf, section, settingValue, text, wholeNumber, yesOrNo } from './values.ts';
import { people, verifyLimits } from './verify-limits.ts';

/** The words of libpq's sslmode; a test compares them with the runtime's. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

const checkIds = () => listOf(checkWord('a check id such as tz-server'), 'a list of check ids');
const extensionNames = () => listOf(extensionName(), 'a list of extension names');

const checkGroups = z
  .union(
    [z.literal('all', { error: 'expected all' }), listOf(checkWord('a check group such as locale'), 'a list of check groups', 1)],
    {
      error: 'expected all or a list of check groups',
    },
  )
  .register(kinds, { name: '`all` or list', reads: 'list' });

const extensions = section({
  required: extensionNames().prefault([]).describe('Extensions every database of the project must have.'),
  allowed: extensionNames().prefault([]).describe('Extensions that may be there besides the required ones; plpgsql always may.'),
  schema: identifier().prefault('extensions').describe('Schema that holds the objects of extensions.'),
});

const locale = section({
  provider: choice(['builtin', 'libc', 'icu'])
    .prefault('builtin')
    .describe('Locale provider, as in create database … locale_provider.'),
  name: localeName()
    .prefault('C.UTF-8')
    .describe('Locale of the database; the builtin provider has C, C.UTF-8 and, since 18, PG_UNICODE_FAST.'),
  encoding: choice(ENCODINGS, { name: 'encoding', expected: 'a server encoding such as UTF8' })
    .prefault('UTF8')
    .describe('Server encoding, as pg_encoding_to_char shows it.'),
});

const postgres = section({
  version: release().prefault(PIN).describe('The PostgreSQL release the project is pinned to, as text.'),
  pinned_in: listOf(
    text(
      'path',
      /^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^*]*[^/]*[^/]$/,
      'a path below the folder of dbctl.yaml; stars in its last part only',
    ),
    'a list of paths',
  )
    .prefault([])
    .describe(
      'Files that name the release and follow it when `dbctl pin bump VERSION` changes it: container images, pipelines, pages. A star in the last part of a path stands for anything.',
    ),
  extensions: extensions.prefault({}).describe('Extensions: which must be there and which may.'),
  timezone: timezone().prefault('UTC').describe('TimeZone every session of the database must see.'),
  locale: locale.prefault({}).describe('Locale and encoding the database is created with and verified against.'),
});

const migrations = section({
  folder: path().prefault('migrations').describe('Folder of the migration files, relative to the folder of dbctl.yaml.'),
  table: qualifiedName().prefault('dbctl.schema_migrations').describe('Table that records which migrations were applied.'),
  lock_timeout: duration().prefault('2s').describe('Longest a migration statement waits for a lock; 0 is no limit.'),
  lock_retries: wholeNumber(0, 1000)
    .prefault(10)
    .describe('How often a migration is tried again after its lock was not granted in time.'),
  lock_wait: duration().prefault('60s').describe('Longest a run waits for the advisory lock another run holds; 0 is no limit.'),
  statement_timeout: duration().prefault(0).describe('Longest a migration statement runs; 0 is no limit.'),
});

const roleNames = (what: string) => listOf(anyName('role'), 'a list of roles').prefault([]).describe(what);

const allow = section({
  superusers: roleNames('Logins that may be superusers, or become one. The first one of the server always may.'),
  createrole: roleNames('Roles that may have CREATEROLE.'),
  createdb: roleNames('Roles that may have CREATEDB.'),
  bypassrls: roleNames('Roles that may have BYPASSRLS.'),
  replication: roleNames('Roles that may have REPLICATION.'),
  server_access: roleNames(
    'Logins that may run programs and read or write files as the account of the server: members of pg_execute_server_program, pg_read_server_files and pg_write_server_files.',
  ),
  database_creators: roleNames('Roles besides its owner that may create schemas and trusted extensions in the database.'),
  libraries: listOf(libraryName(), 'a list of libraries')
    .prefault([])
    .describe('Libraries that may be preloaded besides those the extensions of the project need.'),
});

/** Settings of the server by name; numbers and booleans as YAML reads them are text from here on. */
const serverSettings = z
  .record(settingName(), settingValue().describe('Its value, as postgresql.conf would have it.'), {
    error: 'expected a mapping of settings',
  })
  .register(kinds, { name: 'mapping', reads: 'list' });

const verify = section({
  groups: checkGroups.prefault('all').describe('Groups of checks that run.'),
  skip: checkIds().prefault([]).describe('Checks that do not run here; prefer a waiver, which has an owner and an end.'),
  profile: choice(['baseline', 'hardened', 'cis-18', 'managed'])
    .prefault('baseline')
    .describe('Which checks count for whom, and how much; docs/profiles.md.'),
  fail_on: choice(SEVERITIES).prefault('medium').describe('Findings of this severity and worse make the answer no.'),
  waivers: path().prefault('dbctl.waivers.yaml').describe('File of accepted findings, relative to the folder of dbctl.yaml.'),
  attestations: path()
    .prefault('dbctl.attestations.yaml')
    .describe('File of what people looked at, for benchmarks, relative to the folder of dbctl.yaml.'),
  checks: path().prefault('checks').describe("Folder of the project's own checks, relative to the folder of dbctl.yaml."),
  required: checkIds().prefault([]).describe('Checks that must be able to look: unknown counts as fail.'),
  allow: allow.prefault({}).describe('What checks let pass besides what roles.yaml says; where there is one, say it there.'),
  done_after_update: listOf(
    text('work that was done', /^\S(.*\S)? on \d{2}\.\d{1,2}$/, 'a name and a release, such as shop.paths_idx on 18.6'),
    'a list of names and releases',
  )
    .prefault([])
    .describe(
      'What version-post-upgrade asked for and somebody has done, as NAME on RELEASE: the catalogs do not say when an index was built. NAME as the check shows it.',
    ),
  settings: serverSettings
    .prefault({})
    .describe(
      'Settings the server must have, such as work_mem: 64MB; units and spellings are compared as the server means them.',
    ),
  limits: verifyLimits.prefault({}).describe('Where checks of what goes on draw their lines.'),
  people,
});

const roles = section({
  file: path().prefault('roles.yaml').describe('File that says who may do what, relative to the folder of dbctl.yaml.'),
  hand_over: words()
    .optional()
    .describe(
      'Program and arguments of `roles passwords rotate --to-command`: the new secret comes on standard input, DBCTL_ENV, DBCTL_ROLE and DBCTL_LOGIN say whose it is.',
    ),
});

const dev = section({
  version: oneNumberOf([18, 17])
    .optional()
    .describe('Major version of the development server; default: the major version of postgres.version.'),
  engine: choice(['embedded', 'container']).prefault('embedded').describe('What runs the development server.'),
  database: identifier().optional().describe('Database on the development server; default: the project name with _ for -.'),
});

const url = section({
  variable: variableName().optional().describe('Environment variable that holds the connection URL.'),
  file: path().optional().describe('File of mode 0600 that holds the connection URL, relative to the folder of dbctl.yaml.'),
})
  .refine((value) => (value.variable === undefined) !== (value.file === undefined), {
    error: ({ input }) =>
      (input as { variable?: string }).variable === undefined
        ? 'names neither a variable nor a file: write {variable: NAME} or {file: PATH}'
        : 'names both a variable and a file: keep one',
    params: { absent: ['variable', 'file'] },
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .meta({ oneOf: [{ required: ['variable'] }, { required: ['file'] }] });

const environment = section({
  url: url.optional().describe('Where the connection URL is kept; without url and embedded it is the variable DATABASE_URL.'),
  embedded: yesOrNo().optional().describe("True: the database is on the server that 'dbctl dev up' runs."),
  protected: yesOrNo()
    .optional()
    .describe('Commands that destroy refuse this environment; default: true when its name is prod or production, else false.'),
  tls: choice(TLS_MODES).optional().describe("sslmode of every connection, with libpq's meaning."),
  system_identifier: systemIdentifier()
    .optional()
    .describe(
      'system_identifier the server must have, from pg_control_system(): guards against the wrong server behind a right name.',
    ),
  overlay: section({
    postgres: postgres.optional().describe('Keys of postgres that differ in this environment.'),
    migrations: migrations.optional().describe('Keys of migrations that differ in this environment.'),
    verify: verify.optional().describe('Keys of verify that differ in this environment.'),
    immutability: immutability.optional().describe('Keys of immutability that differ in this environment.'),
    retention: retention.optional().describe('Keys of retention that differ in this environment.'),
    backup: backup.optional().describe('Keys of backup that differ in this environment.'),
    archive: archive.optional().describe('Keys of archive that differ in this environment.'),
    cost: cost.optional().describe('Keys of cost that differ in this environment.'),
    ledger: ledger
      .optional()
      .describe('Keys of ledger that differ in this environment: each database needs places of its own for its notes.'),
    evidence: evidence.optional().describe('Keys of evidence that differ in this environment.'),
  })
    .optional()
    .describe(
      'What differs in this environment: keys of postgres, migrations, verify, immutability, ledger, retention, backup, archive, cost and evidence. A list replaces the list it overlays.',
    ),
})
  .refine((value) => !(value.embedded === true && value.url !== undefined), {
    error: 'has both url and embedded: keep one',
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .meta({ not: { required: ['url', 'embedded'], properties: { embedded: { const: true } } } });

/** dbctl.yaml as a person writes it (contract C5). Every key has its meaning with it: JSON Schema and reference are made of them. */
export const configFile = section({
  version: oneNumberOf([1]).describe('Version of this file format.'),
  project: slug().describe('Name of the project; names its development database and marks its records.'),
  postgres: postgres.prefault({}).describe('The PostgreSQL the project runs on.'),
  environments: z
    .record(environmentName(), environment, { error: 'expected a mapping' })
    .prefault({ dev: {} })
    .describe('Databases of the project by environment name; --env picks one.'),
  migrations: migrations.prefault({}).describe('How migrations are applied.'),
  verify: verify.prefault({}).describe('Which checks run and what they decide.'),
  immutability: immutability.prefault({}).describe('Append-only tables and who owns them.'),
  ledger: ledger.prefault({}).describe('Signed checkpoints of append-only tables, published outside the database.'),
  retention: retention.prefault({}).describe('What is removed when it is old enough.'),
  backup: backup.prefault({}).describe('Backups and the programs that make them.'),
  archive: archive.prefault({}).describe('Tables and partitions that leave the database as files.'),
  cost: cost.prefault({}).describe('What storage costs, and which table says what sessions cost.'),
  roles: roles.prefault({}).describe('Who may do what in the database.'),
  evidence: evidence.prefault({}).describe('Signed records for auditors.'),
  dev: dev.prefault({}).describe("The server 'dbctl dev' runs."),
});

/** The file once checked: defaults filled in, durations in milliseconds. */
export type CheckedFile = z.output<typeof configFile>;
