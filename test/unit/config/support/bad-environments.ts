import { env, HEAD, type BadFile } from './bad-file.ts';

/** Environments and their overlays, and what contradicts another part. */
export const BAD_ENVIRONMENTS: readonly BadFile[] = [
  {
    name: 'environments as a list',
    yaml: `${HEAD}environments: [dev]\n`,
    problems: ['dbctl.yaml:3:15: environments: expected a mapping, found a list'],
  },
  {
    name: 'an environment that is not there',
    yaml: `${HEAD}environments: {prod: {}, devel: {}}\n`,
    problems: ['dbctl.yaml:3:1: environments: no environment "dev": the file has prod, devel'],
    beyondSchema: true,
  },
  {
    name: 'no environment at all',
    yaml: `${HEAD}environments: {}\n`,
    problems: ['dbctl.yaml:3:1: environments: no environment "dev": the file has none'],
    beyondSchema: true,
  },
  {
    name: 'an environment with an odd name',
    yaml: `${HEAD}environments: {dev: {}, "Prod EU": {}}\n`,
    problems: [
      'dbctl.yaml:3:25: environments."Prod EU": expected an environment name of lower case letters, digits and dashes such as dev, found the text "Prod EU"',
    ],
  },
  {
    name: 'an environment without a value',
    yaml: `${HEAD}environments:\n  dev:\n`,
    problems: ['dbctl.yaml:4:3: environments.dev: expected a mapping, found nothing'],
  },
  {
    name: 'an address without password',
    yaml: env('    url: postgres://localhost/lab\n'),
    problems: [
      'dbctl.yaml:5:10: environments.dev.url: expected a mapping, found the text "postgres://localhost/lab": write {variable: NAME} or {file: PATH}, the address itself may hold a password',
    ],
  },
  {
    name: 'neither variable nor file',
    yaml: env('    url: {}\n'),
    problems: [
      'dbctl.yaml:5:5: environments.dev.url: names neither a variable nor a file: write {variable: NAME} or {file: PATH}',
    ],
  },
  {
    name: 'both variable and file',
    yaml: env('    url: {variable: A, file: b}\n'),
    problems: ['dbctl.yaml:5:5: environments.dev.url: names both a variable and a file: keep one'],
  },
  {
    name: 'a misspelt variable',
    yaml: env('    url: {varaible: A}\n'),
    problems: ['dbctl.yaml:5:11: environments.dev.url.varaible: unknown key, did you mean variable'],
  },
  {
    name: 'a variable name with a dollar sign',
    yaml: env('    url: {variable: $DATABASE_URL}\n'),
    problems: [
      'dbctl.yaml:5:21: environments.dev.url.variable: expected the name of an environment variable such as PROD_DATABASE_URL, found the text "$DATABASE_URL"',
    ],
  },
  {
    name: 'both url and embedded',
    yaml: env('    url: {variable: A}\n    embedded: true\n'),
    problems: ['dbctl.yaml:4:3: environments.dev: has both url and embedded: keep one'],
  },
  {
    name: 'yes for true',
    yaml: env('    protected: yes\n'),
    problems: ['dbctl.yaml:5:16: environments.dev.protected: expected true or false, found the text "yes": write true'],
  },
  {
    name: '1 for true',
    yaml: env('    protected: 1\n'),
    problems: ['dbctl.yaml:5:16: environments.dev.protected: expected true or false, found the number 1: write true'],
  },
  {
    name: 'an sslmode that does not exist',
    yaml: env('    tls: verify_full\n'),
    problems: [
      'dbctl.yaml:5:10: environments.dev.tls: expected one of disable, allow, prefer, require, verify-ca, verify-full, found the text "verify_full": did you mean verify-full',
    ],
  },
  {
    name: 'a system identifier as a number, of which the last digits would be lost',
    yaml: env('    system_identifier: 7449012345678901234\n'),
    problems: [
      'dbctl.yaml:5:24: environments.dev.system_identifier: expected the digits of pg_control_system().system_identifier as text, found the number 7449012345678901234: write it in quotes, "7449012345678901234"',
    ],
  },
  {
    name: 'a mistake in an overlay',
    yaml: env('    overlay: {migrations: {lock_timeout: 5}}\n'),
    problems: [
      'dbctl.yaml:5:42: environments.dev.overlay.migrations.lock_timeout: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the number 5: a number alone has no unit, write 5s or 5000ms',
    ],
  },
  {
    name: 'a mistake in the overlay of another environment',
    yaml: `${HEAD}environments:\n  dev: {}\n  prod:\n    overlay: {verify: {fail_on: none}}\n`,
    problems: [
      'dbctl.yaml:6:33: environments.prod.overlay.verify.fail_on: expected one of critical, high, medium, low, info, found the text "none"',
    ],
  },
  {
    name: 'a locale the builtin provider has not',
    yaml: `${HEAD}postgres:\n  locale: {name: en_US.UTF-8}\n`,
    problems: [
      'dbctl.yaml:4:12: postgres.locale.name: the builtin provider has no locale en_US.UTF-8, only C, C.UTF-8, PG_UNICODE_FAST',
    ],
    beyondSchema: true,
  },
  {
    name: 'a builtin locale in another encoding',
    yaml: `${HEAD}postgres:\n  locale: {encoding: LATIN1}\n`,
    problems: [
      'dbctl.yaml:4:12: postgres.locale.encoding: the builtin locale C.UTF-8 exists in encoding UTF8 only, found LATIN1',
    ],
    beyondSchema: true,
  },
  {
    name: 'PG_UNICODE_FAST before 18',
    yaml: `${HEAD}postgres:\n  version: "17.10"\n  locale: {name: PG_UNICODE_FAST}\n`,
    problems: ['dbctl.yaml:5:12: postgres.locale.name: PostgreSQL 17 has no locale PG_UNICODE_FAST, 18 was the first'],
    beyondSchema: true,
  },
  {
    name: 'the builtin provider before 17',
    yaml: `${HEAD}postgres:\n  version: "16.14"\n`,
    problems: ['dbctl.yaml:4:3: postgres.version: PostgreSQL 16 has no builtin locale provider, 17 was the first'],
    beyondSchema: true,
  },
  {
    name: 'settings that are none',
    yaml: `${HEAD}verify:\n  settings: {work mem: 4MB, work_mem: [4MB], fsync: on}\n`,
    problems: [
      'dbctl.yaml:4:14: verify.settings."work mem": expected the name of a setting such as work_mem, found the text "work mem"',
      'dbctl.yaml:4:39: verify.settings.work_mem: expected the value of a setting: text, a number, true or false, found a list',
    ],
  },
  {
    name: 'a list of settings',
    yaml: `${HEAD}verify: {settings: [work_mem]}\n`,
    problems: ['dbctl.yaml:3:20: verify.settings: expected a mapping of settings, found a list'],
  },
  {
    name: 'a check that is skipped and required',
    yaml: `${HEAD}verify:\n  skip: [tz-server]\n  required: [tz-server]\n`,
    problems: ['dbctl.yaml:4:3: verify.skip: check tz-server is skipped and required: take it out of one list'],
    beyondSchema: true,
  },
  {
    name: 'an overlay that contradicts the file',
    yaml: `${HEAD}verify: {required: [tz-server]}\nenvironments:\n  dev: {}\n  prod:\n    overlay: {verify: {skip: [tz-server]}}\n`,
    problems: ['dbctl.yaml:7:24: verify.skip: check tz-server is skipped and required: take it out of one list'],
    beyondSchema: true,
  },
];
