import { HEAD, type BadFile } from './bad-file.ts';

/** Values of a wrong kind, form or size. */
export const BAD_VALUES: readonly BadFile[] = [
  {
    name: 'a release as a number: 18.10 would be 18.1',
    yaml: `${HEAD}postgres: {version: 18.10}\n`,
    problems: [
      'dbctl.yaml:3:21: postgres.version: expected a PostgreSQL release as text, major.minor such as "18.2", found the number 18.10: write it in quotes, "18.10"',
    ],
  },
  {
    name: 'a release without minor',
    yaml: `${HEAD}postgres: {version: "18"}\n`,
    problems: [
      'dbctl.yaml:3:21: postgres.version: expected a PostgreSQL release as text, major.minor such as "18.2", found the text "18"',
    ],
  },
  {
    name: 'a release with three parts',
    yaml: `${HEAD}postgres: {version: 9.6.24}\n`,
    problems: [
      'dbctl.yaml:3:21: postgres.version: expected a PostgreSQL release as text, major.minor such as "18.2", found the text "9.6.24"',
    ],
  },
  {
    name: 'one name where a list belongs',
    yaml: `${HEAD}postgres: {extensions: {required: pgcrypto}}\n`,
    problems: [
      'dbctl.yaml:3:35: postgres.extensions.required: expected a list of extension names, found the text "pgcrypto": write [pgcrypto]',
    ],
  },
  {
    name: 'an extension twice and one that is no name',
    yaml: `${HEAD}postgres: {extensions: {required: [pgcrypto, pgcrypto], allowed: [a/b]}}\n`,
    problems: [
      'dbctl.yaml:3:46: postgres.extensions.required[1]: "pgcrypto" is listed twice',
      'dbctl.yaml:3:67: postgres.extensions.allowed[0]: expected the name of an extension such as pg_trgm, found the text "a/b"',
    ],
  },
  {
    name: 'work after an update without its release',
    yaml: `${HEAD}verify: {done_after_update: [index shop.paths on 18.6, index shop.paths, index a on 18]}\n`,
    problems: [
      'dbctl.yaml:3:56: verify.done_after_update[1]: expected a name and a release, such as shop.paths_idx on 18.6, found the text "index shop.paths"',
      'dbctl.yaml:3:74: verify.done_after_update[2]: expected a name and a release, such as shop.paths_idx on 18.6, found the text "index a on 18"',
    ],
  },
  {
    name: 'files that follow the pin outside of the project, or by a folder with a star',
    yaml: `${HEAD}postgres: {pinned_in: [../other.yaml, /etc/pin, a/*/b, a/*.yml]}\n`,
    problems: ['../other.yaml', '/etc/pin', 'a/*/b'].map(
      (path, index) =>
        `dbctl.yaml:3:${[24, 39, 49][index]}: postgres.pinned_in[${index}]: expected a path below the folder of dbctl.yaml; stars in its last part only, found the text "${path}"`,
    ),
  },
  {
    name: 'an encoding by its other name',
    yaml: `${HEAD}postgres: {locale: {encoding: UTF-8}}\n`,
    problems: [
      'dbctl.yaml:3:31: postgres.locale.encoding: expected a server encoding such as UTF8, found the text "UTF-8": did you mean UTF8',
    ],
  },
  {
    name: 'a provider that does not exist',
    yaml: `${HEAD}postgres: {locale: {provider: bulitin}}\n`,
    problems: [
      'dbctl.yaml:3:31: postgres.locale.provider: expected one of builtin, libc, icu, found the text "bulitin": did you mean builtin',
    ],
  },
  {
    name: 'a timezone that is no word',
    yaml: `${HEAD}postgres: {timezone: [UTC]}\n`,
    problems: ['dbctl.yaml:3:22: postgres.timezone: expected a timezone such as UTC or Europe/Paris, found a list'],
  },
  {
    name: 'a schema that is no identifier',
    yaml: `${HEAD}postgres: {extensions: {schema: my schema}}\n`,
    problems: [
      'dbctl.yaml:3:33: postgres.extensions.schema: expected a name as PostgreSQL takes it, up to 63 letters, digits and _, found the text "my schema"',
    ],
  },
  {
    name: 'a number of seconds',
    yaml: `${HEAD}migrations: {lock_timeout: 5}\n`,
    problems: [
      'dbctl.yaml:3:28: migrations.lock_timeout: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the number 5: a number alone has no unit, write 5s or 5000ms',
    ],
  },
  {
    name: 'a number of seconds in quotes',
    yaml: `${HEAD}migrations: {lock_timeout: "5"}\n`,
    problems: [
      'dbctl.yaml:3:28: migrations.lock_timeout: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the text "5": a number alone has no unit, write 5s or 5000ms',
    ],
  },
  {
    name: 'm for minutes',
    yaml: `${HEAD}migrations: {lock_wait: 5m}\n`,
    problems: [
      'dbctl.yaml:3:25: migrations.lock_wait: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the text "5m": write 5min',
    ],
  },
  {
    name: 'a unit in words',
    yaml: `${HEAD}migrations: {lock_wait: 5 seconds}\n`,
    problems: [
      'dbctl.yaml:3:25: migrations.lock_wait: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the text "5 seconds": write 5s',
    ],
  },
  {
    name: 'half a second',
    yaml: `${HEAD}migrations: {lock_wait: 0.5s}\n`,
    problems: [
      'dbctl.yaml:3:25: migrations.lock_wait: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the text "0.5s"',
    ],
  },
  {
    name: 'a negative duration',
    yaml: `${HEAD}migrations: {lock_wait: -1}\n`,
    problems: [
      'dbctl.yaml:3:25: migrations.lock_wait: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the number -1',
    ],
  },
  {
    name: 'a duration longer than PostgreSQL keeps',
    yaml: `${HEAD}migrations: {statement_timeout: 25d}\n`,
    problems: ['dbctl.yaml:3:33: migrations.statement_timeout: longer than 24d, the longest PostgreSQL can keep'],
    beyondSchema: true,
  },
  {
    name: 'a table without schema',
    yaml: `${HEAD}migrations: {table: schema_migrations}\n`,
    problems: [
      'dbctl.yaml:3:21: migrations.table: expected a table with its schema such as dbctl.schema_migrations, found the text "schema_migrations"',
    ],
  },
  {
    name: 'a count in quotes',
    yaml: `${HEAD}migrations: {lock_retries: "10"}\n`,
    problems: [
      'dbctl.yaml:3:28: migrations.lock_retries: expected a whole number from 0 to 1000, found the text "10": write it without quotes',
    ],
  },
  {
    name: 'a count out of range',
    yaml: `${HEAD}migrations: {lock_retries: 1001}\n`,
    problems: ['dbctl.yaml:3:28: migrations.lock_retries: expected a whole number from 0 to 1000, found the number 1001'],
  },
  {
    name: 'half a retry',
    yaml: `${HEAD}migrations: {lock_retries: 1.5}\n`,
    problems: ['dbctl.yaml:3:28: migrations.lock_retries: expected a whole number from 0 to 1000, found the number 1.5'],
  },
  {
    name: 'an empty path',
    yaml: `${HEAD}migrations: {folder: ""}\n`,
    problems: ['dbctl.yaml:3:14: migrations.folder: expected a path, found the text ""'],
  },
  {
    name: 'a path with a zero byte',
    yaml: `${HEAD}migrations: {folder: "a\\0b"}\n`,
    problems: ['dbctl.yaml:3:22: migrations.folder: expected a path, found the text "a\\u0000b"'],
  },
  {
    name: 'a profile that is none',
    yaml: `${HEAD}verify: {profile: cis18, attestations: [a]}\n`,
    problems: [
      'dbctl.yaml:3:19: verify.profile: expected one of baseline, hardened, cis-18, managed, found the text "cis18": did you mean cis-18',
      'dbctl.yaml:3:40: verify.attestations: expected a path, found a list',
    ],
  },
  {
    name: 'a severity that does not exist',
    yaml: `${HEAD}verify: {fail_on: hihg}\n`,
    problems: [
      'dbctl.yaml:3:19: verify.fail_on: expected one of critical, high, medium, low, info, found the text "hihg": did you mean high',
    ],
  },
  {
    name: 'a severity that is a mapping',
    yaml: `${HEAD}verify: {fail_on: {high: true}}\n`,
    problems: ['dbctl.yaml:3:19: verify.fail_on: expected one of critical, high, medium, low, info, found a mapping'],
  },
  {
    name: 'no check group at all',
    yaml: `${HEAD}verify: {groups: []}\n`,
    problems: ['dbctl.yaml:3:18: verify.groups: expected a list of check groups, found an empty list'],
  },
  {
    name: 'one check group that is no list',
    yaml: `${HEAD}verify: {groups: locale}\n`,
    problems: ['dbctl.yaml:3:18: verify.groups: expected all or a list of check groups, found the text "locale": write [locale]'],
  },
  {
    name: 'a check group that is no id',
    yaml: `${HEAD}verify: {groups: [locale, TLS]}\n`,
    problems: [
      'dbctl.yaml:3:27: verify.groups[1]: expected a check group such as locale: lower case words joined by dashes, found the text "TLS"',
    ],
  },
  {
    name: 'a check skipped twice',
    yaml: `${HEAD}verify: {skip: [tz-server, tz-server]}\n`,
    problems: ['dbctl.yaml:3:28: verify.skip[1]: "tz-server" is listed twice'],
  },
  {
    name: 'a development server of another major version',
    yaml: `${HEAD}dev: {version: 16}\n`,
    problems: ['dbctl.yaml:3:16: dev.version: expected one of the numbers 18, 17, found the number 16'],
  },
  {
    name: 'a major version in quotes',
    yaml: `${HEAD}dev: {version: "18"}\n`,
    problems: ['dbctl.yaml:3:16: dev.version: expected one of the numbers 18, 17, found the text "18": write it without quotes'],
  },
  {
    name: 'a very long value',
    yaml: `${HEAD}migrations: {lock_timeout: 99999999999999999999999999999999999999999999999999999999999999999999999999999999s}\n`,
    problems: [
      'dbctl.yaml:3:28: migrations.lock_timeout: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the text "9999999999999999999999999999999999999999999999999…"',
    ],
  },
];
