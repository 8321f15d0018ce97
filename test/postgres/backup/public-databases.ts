import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { debianPackages } from '../../support/debian-packages.ts';

/** A database as a program of others makes it, from the SQL of its package. */
export interface PublicDatabase {
  readonly name: string;
  /** The first is what it is taken from. */
  readonly packages: readonly [string, ...string[]];
  /** Its scripts, in order, as psql takes them; called with the folders of its packages. */
  readonly scripts: (...folders: readonly string[]) => string[];
  /** After `create database`. */
  readonly options?: string;
  /** The scripts are one transaction each, and some need what a later release of the schema has: those roll back. */
  readonly tolerant?: true;
  /** Views PostgreSQL itself prints in other words once they were restored: nothing else of the dump may differ. */
  readonly reworded?: readonly string[];
}

const read = (...path: readonly string[]): string => {
  const file = join(...path);
  return file.endsWith('.gz') ? gunzipSync(readFileSync(file)).toString() : readFileSync(file, 'utf8');
};
/** An extension's script as plain SQL: its objects are then dumped one by one. */
const asPlain = (script: string, schema: string): string =>
  script
    .replaceAll(/^\\echo .*\\quit$/gm, '')
    .replaceAll(/^select pg_catalog\.pg_extension_config_dump.*$/gim, '')
    .replaceAll('@extschema@', schema);

const PUBLIC_DATABASES: readonly PublicDatabase[] = [
  {
    // 173 tables, a catalogue of 170,000 rows, pictures in bytea, deferred keys, triggers.
    name: 'zabbix',
    packages: ['zabbix-server-pgsql'],
    scripts: (folder = '') =>
      ['schema', 'images', 'data'].map((part) => read(folder, `usr/share/zabbix-server-pgsql/${part}.sql.gz`)),
  },
  {
    // 81 triggers, 108 functions.
    name: 'kea',
    packages: ['kea-admin'],
    scripts: (folder = '') => [read(folder, 'usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql')],
  },
  {
    // Inheritance, rules, composite types, aggregates, views, exclusion by extensions.
    name: 'ledgersmb',
    packages: ['ledgersmb'],
    tolerant: true,
    reworded: ['public.periods'],
    scripts: (folder = '') => {
      const sql = join(folder, 'usr/share/ledgersmb/sql');
      const modules = read(sql, 'modules/LOADORDER')
        .split('\n')
        .filter((line) => line.endsWith('.sql') && !line.startsWith('#'));
      return [
        'create extension pg_trgm; create extension btree_gist; create extension tablefunc; create extension pgcrypto;',
        read(sql, 'Pg-database.sql'),
        ...modules.map((name) => read(sql, 'modules', name)),
      ];
    },
  },
  {
    // Domains, enums, an operator class of its own over citext.
    name: 'icingadb',
    packages: ['icingadb'],
    scripts: (folder = '') => ['create extension citext;', read(folder, 'usr/share/icingadb/schema/pgsql/schema.sql')],
  },
  {
    // Roles, grants, tables that inherit and are made by functions, triggers, composite types.
    name: 'pgq',
    packages: ['postgresql-15-pgq3'],
    scripts: (folder = '') => [
      read(folder, 'usr/share/postgresql/15/contrib/pgq_pl_only.sql'),
      `select pgq.create_queue('orders'); select pgq.register_consumer('orders', 'mailer');
       select pgq.insert_event('orders', 'made', 'order ' || n) from generate_series(1, 2000) n; select pgq.force_tick('orders');`,
    ],
  },
  {
    // Procedures, and partitions as its functions make them.
    name: 'partman',
    packages: ['postgresql-15-partman'],
    reworded: ['partman.table_privs'],
    scripts: (folder = '') => [
      'create schema partman;',
      asPlain(read(folder, 'usr/share/postgresql/15/extension/pg_partman--4.7.2.sql'), 'partman'),
      `create table public.reading (id bigint generated always as identity, at timestamptz not null, value numeric) partition by range (at);
       create index on public.reading (at);
       select partman.create_parent('public.reading', 'at', 'native', 'daily', p_premake := 3);
       insert into public.reading (at, value) select now() + n * interval '1 minute', n from generate_series(0, 5000) n;`,
    ],
  },
  {
    // More than a thousand functions.
    name: 'pgtap',
    packages: ['postgresql-15-pgtap'],
    scripts: (folder = '') => [asPlain(read(folder, 'usr/share/postgresql/15/extension/pgtap.sql'), 'public')],
  },
  {
    name: 'davical',
    packages: ['davical', 'libawl-php'],
    scripts: (davical = '', awl = '') => [
      ...['awl-tables', 'schema-management'].map((name) => read(awl, `usr/share/awl/dba/${name}.sql`)),
      ...['davical', 'rrule_functions', 'caldav_functions'].map((name) => read(davical, `usr/share/davical/dba/${name}.sql`)),
    ],
  },
  {
    name: 'icinga2',
    packages: ['icinga2-ido-pgsql'],
    scripts: (folder = '') => [read(folder, 'usr/share/icinga2-ido-pgsql/schema/pgsql.sql')],
  },
  {
    // No encoding, as Bacula asks for it: names of files are bytes.
    name: 'bacula',
    packages: ['bacula-director-pgsql'],
    options: `template template0 encoding 'SQL_ASCII' locale 'C'`,
    scripts: (folder = '') => [
      read(folder, 'usr/share/dbconfig-common/data/bacula-director-pgsql/install/pgsql'),
      `insert into path (path) values (E'/caf\\xe9/');`,
    ],
  },
];

/** Those whose packages are here, each with its scripts, and the names of the others. */
export function publicDatabases(): {
  readonly here: readonly PublicDatabase[];
  readonly missing: readonly string[];
  readonly scriptsOf: (one: PublicDatabase) => string[];
} {
  const folders = debianPackages(PUBLIC_DATABASES.flatMap(({ packages }) => packages));
  const there = ({ packages }: PublicDatabase) => packages.every((name) => folders.has(name));
  return {
    here: PUBLIC_DATABASES.filter(there),
    missing: PUBLIC_DATABASES.filter((one) => !there(one)).map(({ packages }) => packages.join(' with ')),
    scriptsOf: ({ packages, scripts }) => scripts(...packages.map((name) => folders.get(name) ?? '')),
  };
}
