import type { BadFile } from '../support/bad-file.ts';

/** One target, on line 3. */
const one = (target: string): string => `version: 1\ntargets:\n  - ${target}\n`;

/** Broken inventories and everything dbctl says about them; dbctl.yaml has the environments dev and prod. */
export const BAD_TARGETS_FILES: readonly BadFile[] = [
  { name: 'is empty', yaml: '', problems: ['targets.yaml:1:1: the file is empty'] },
  { name: 'is a list', yaml: '- name: a\n', problems: ['targets.yaml:1:1: expected a mapping, found a list'] },
  {
    name: 'all keys are missing',
    yaml: '{}\n',
    problems: [
      'targets.yaml:1:1: version: missing, expected the number 1',
      'targets.yaml:1:1: targets: missing, expected a list of targets',
    ],
  },
  {
    name: 'a newer version',
    yaml: 'version: 2\ntargets: []\n',
    problems: ['targets.yaml:1:10: version: the file is written for a newer dbctl: this one reads version 1, found 2'],
  },
  {
    name: 'no target',
    yaml: 'version: 1\ntargets: []\n',
    problems: ['targets.yaml:2:10: targets: expected a list of at least one target, found an empty list'],
  },
  {
    name: 'targets by name',
    yaml: 'version: 1\ntargets: { a: {} }\n',
    problems: ['targets.yaml:2:10: targets: expected a list of targets, found a mapping'],
  },
  {
    name: 'an unknown key at the top',
    yaml: 'version: 1\ntarget:\n  - { name: a }\n',
    problems: ['targets.yaml:2:1: target: unknown key, did you mean targets'],
  },
  {
    name: 'a target without a name',
    yaml: one('{ url: { variable: A_URL } }'),
    problems: [
      'targets.yaml:3:5: targets[0].name: missing, expected a name of up to 63 letters, digits, dots, dashes and _ such as eu-17',
    ],
  },
  {
    name: 'a name with a space',
    yaml: one('{ name: the first }'),
    problems: [
      'targets.yaml:3:13: targets[0].name: expected a name of up to 63 letters, digits, dots, dashes and _ such as eu-17, found the text "the first"',
    ],
  },
  {
    name: 'a name that is a number',
    yaml: one('{ name: 17 }'),
    problems: [
      'targets.yaml:3:13: targets[0].name: expected a name of up to 63 letters, digits, dots, dashes and _ such as eu-17, found the number 17: write it in quotes, "17"',
    ],
  },
  {
    name: 'a name twice',
    yaml: one('{ name: a }\n  - { name: b }\n  - { name: a }'),
    problems: ['targets.yaml:5:13: targets[2].name: "a" is listed twice'],
    beyondSchema: true,
  },
  {
    name: 'a misspelt key',
    yaml: one('{ name: a, enviroment: prod }'),
    problems: ['targets.yaml:3:16: targets[0].enviroment: unknown key, did you mean environment'],
  },
  {
    name: 'an environment that dbctl.yaml does not have',
    yaml: one('{ name: a, environment: prd }'),
    problems: ['targets.yaml:3:29: targets[0].environment: no environment "prd": dbctl.yaml has dev, prod; did you mean prod'],
    beyondSchema: true,
  },
  {
    name: 'a URL without a password',
    yaml: one('{ name: a, url: postgresql://app@db/lab }'),
    problems: [
      'targets.yaml:3:21: targets[0].url: expected a mapping, found the text "postgresql://app@db/lab": write {variable: NAME} or {file: PATH}, the address itself may hold a password',
    ],
  },
  {
    name: 'a URL with a password',
    yaml: one('{ name: a, url: "postgresql://app:hunter2@db/lab" }'),
    problems: ['targets.yaml:3:21: targets[0].url: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'a password of its own',
    yaml: one('{ name: a, url: { variable: A_URL }, password: hunter2 }'),
    problems: ['targets.yaml:3:42: targets[0].password: a secret does not belong in this file'],
    secret: true,
  },
  {
    name: 'a URL in two places',
    yaml: one('{ name: a, url: { variable: A_URL, file: a.url } }'),
    problems: [
      'targets.yaml:3:16: targets[0].url: names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
    ],
  },
  {
    name: 'a URL in no place',
    yaml: one('{ name: a, url: {} }'),
    problems: [
      'targets.yaml:3:16: targets[0].url: names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
    ],
  },
  {
    name: 'a sslmode that is none',
    yaml: one('{ name: a, tls: verify_full }'),
    problems: [
      'targets.yaml:3:21: targets[0].tls: expected one of disable, allow, prefer, require, verify-ca, verify-full, found the text "verify_full": did you mean verify-full',
    ],
  },
  {
    name: 'a system identifier as a number',
    yaml: one('{ name: a, system_identifier: 7581209 }'),
    problems: [
      'targets.yaml:3:35: targets[0].system_identifier: expected the digits of pg_control_system().system_identifier as text, found the number 7581209: write it in quotes, "7581209"',
    ],
  },
  {
    name: 'a label that is a number',
    yaml: one('{ name: a, labels: { shard: 3 } }'),
    problems: [
      'targets.yaml:3:33: targets[0].labels.shard: expected a value of up to 63 letters, digits, dots, dashes and _, found the number 3: write it in quotes, "3"',
    ],
  },
  {
    name: 'a label with a space',
    yaml: one('{ name: a, labels: { "the region": eu } }'),
    problems: [
      'targets.yaml:3:26: targets[0].labels."the region": expected a label of lower case letters, digits, dots, dashes and _, found the text "the region"',
    ],
  },
  {
    name: 'labels as a list',
    yaml: one('{ name: a, labels: [eu] }'),
    problems: ['targets.yaml:3:24: targets[0].labels: expected a mapping, found a list'],
  },
];
