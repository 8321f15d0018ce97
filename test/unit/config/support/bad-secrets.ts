import { env, HEAD, type BadFile } from './bad-file.ts';

/** Secrets, which do not belong in the file and are not shown. */
export const BAD_SECRETS: readonly BadFile[] = [
  {
    name: 'a URL with a password',
    yaml: env('    url: postgres://app:hunter2hunter2@db/lab\n'),
    problems: ['dbctl.yaml:5:10: environments.dev.url: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a URL with a password where a variable name belongs',
    yaml: env('    url: {variable: "postgres://app:hunter2hunter2@db/lab"}\n'),
    problems: ['dbctl.yaml:5:21: environments.dev.url.variable: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a password among the parameters of a URL',
    yaml: env('    url: postgres://db/lab?user=app&password=hunter2hunter2\n'),
    problems: ['dbctl.yaml:5:10: environments.dev.url: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a keyword connection string',
    yaml: env('    url: "host=db password = hunter2hunter2"\n'),
    problems: ['dbctl.yaml:5:10: environments.dev.url: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a URL with a password as a key',
    yaml: `${HEAD}"postgres://app:hunter2hunter2@db/lab": 1\n`,
    problems: ['dbctl.yaml:3:1: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a URL with a password in a list',
    yaml: `${HEAD}verify: {skip: [x, "postgres://app:hunter2hunter2@db/lab"]}\n`,
    problems: ['dbctl.yaml:3:20: verify.skip[1]: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a key named password',
    yaml: env('    password: hunter2hunter2\n'),
    problems: ['dbctl.yaml:5:5: environments.dev.password: a secret does not belong in this file'],
    secret: true,
  },
  {
    name: 'a key named pgpassword, in flow style',
    yaml: env('    {tls: require, PGPASSWORD: hunter2hunter2}\n'),
    problems: ['dbctl.yaml:5:20: environments.dev.PGPASSWORD: a secret does not belong in this file'],
    secret: true,
  },
  {
    name: 'a secret over several lines, with a mistake inside',
    yaml: env('    api_key: |\n      hunter2hunter2\n     hunter2hunter2\n'),
    problems: [
      'dbctl.yaml:7:1: all mapping items must start at the same column',
      'dbctl.yaml:7:6: a colon and a value are missing after this key',
    ],
  },
  {
    name: 'a secret and other mistakes: the secret first',
    yaml: `${HEAD}verfy: {}\nenvironments: {dev: {password: hunter2hunter2}}\n`,
    problems: [
      'dbctl.yaml:4:22: environments.dev.password: a secret does not belong in this file',
      'dbctl.yaml:3:1: verfy: unknown key, did you mean verify',
    ],
    secret: true,
  },
];
