import { HEAD, type BadFile } from './bad-file.ts';

/** Repositories, and what is around backups. */
export const BAD_BACKUPS: readonly BadFile[] = [
  {
    name: 'two repositories of one name',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: folder, path: b}, {name: a, type: folder, path: c}]}\n`,
    problems: ['dbctl.yaml:3:66: backup.repositories[1].name: "a" is listed twice'],
    beyondSchema: true,
  },
  {
    name: 'a repository of an unknown type',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: ftp, path: b}]}\n`,
    problems: [
      'dbctl.yaml:3:41: backup.repositories[0].type: expected one of folder, s3, sftp, found the text "ftp": did you mean sftp',
    ],
  },
  {
    name: 'a bucket without its region',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab}]}\n`,
    problems: ['dbctl.yaml:3:25: backup.repositories[0]: a repository of type s3 needs region'],
    beyondSchema: true,
  },
  {
    name: 'a folder with a bucket',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: folder, path: b, bucket: lab}]}\n`,
    problems: ['dbctl.yaml:3:25: backup.repositories[0]: a repository of type folder has no bucket'],
    beyondSchema: true,
  },
  {
    name: 'a bucket with a host',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, host: h}]}\n`,
    problems: ['dbctl.yaml:3:25: backup.repositories[0]: a repository of type s3 has no host'],
    beyondSchema: true,
  },
  {
    name: 'a prefix without a slash at its end',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, prefix: lab}]}\n`,
    problems: [
      'dbctl.yaml:3:78: backup.repositories[0].prefix: expected the beginning of object keys, ending with /, found the text "lab"',
    ],
  },
  {
    name: 'an endpoint with a user',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, endpoint: "https://me@example.org"}]}\n`,
    problems: [
      'dbctl.yaml:3:80: backup.repositories[0].endpoint: expected an http or https URL without user name, found the text "https://me@example.org"',
    ],
  },
  {
    name: 'an access key in clear',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, credentials: {id: AKIA, secret: hunter2}}]}\n`,
    problems: [
      'dbctl.yaml:3:94: backup.repositories[0].credentials.secret: a secret does not belong in this file',
      'dbctl.yaml:3:88: backup.repositories[0].credentials.id: expected a mapping, found the text "AKIA"',
    ],
    secret: true,
  },
  {
    name: 'an access key that is nowhere',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, credentials: {id: {variable: A}, secret: {}}}]}\n`,
    problems: [
      'dbctl.yaml:3:103: backup.repositories[0].credentials.secret: names no place, or two: write {variable: NAME} or {file: PATH}',
    ],
  },
  {
    name: 'a secret access key',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, secret_access_key: hunter2}]}\n`,
    problems: ['dbctl.yaml:3:70: backup.repositories[0].secret_access_key: a secret does not belong in this file'],
    secret: true,
  },
  {
    name: 'a lock without its days',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, lock: {mode: compliance}}]}\n`,
    problems: ['dbctl.yaml:3:70: backup.repositories[0].lock.days: missing, expected a whole number from 1 to 36500'],
  },
  {
    name: 'a lock of no mode',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, lock: {mode: strict, days: 0}}]}\n`,
    problems: [
      'dbctl.yaml:3:83: backup.repositories[0].lock.mode: expected one of governance, compliance, found the text "strict"',
      'dbctl.yaml:3:97: backup.repositories[0].lock.days: expected a whole number from 1 to 36500, found the number 0',
    ],
  },
  {
    name: 'a time that is none',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, as_of: yesterday}]}\n`,
    problems: [
      'dbctl.yaml:3:77: backup.repositories[0].as_of: expected a time such as 2026-11-21T09:15:00Z, found the text "yesterday"',
    ],
  },
  {
    name: 'a rate without a unit',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, rate_limit: 20}]}\n`,
    problems: [
      'dbctl.yaml:3:82: backup.repositories[0].rate_limit: expected bytes a second such as 20MB, from 64kB to 999999GB, found the number 20',
    ],
  },
  {
    name: 'a rate nothing moves at',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: s3, bucket: lab, region: eu, rate_limit: 63kB}]}\n`,
    problems: ['dbctl.yaml:3:82: backup.repositories[0].rate_limit: expected bytes a second such as 20MB, from 64kB to 999999GB'],
    beyondSchema: true,
  },
  {
    name: 'a rate limit of a folder',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: folder, path: b, rate_limit: 20MB}]}\n`,
    problems: ['dbctl.yaml:3:25: backup.repositories[0]: a repository of type folder has no rate_limit'],
    beyondSchema: true,
  },
  {
    name: 'a host that would be an option of ssh',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: sftp, host: -oProxyCommand=id, path: b}]}\n`,
    problems: [
      'dbctl.yaml:3:53: backup.repositories[0].host: expected a host name, or a name of ~/.ssh/config, found the text "-oProxyCommand=id"',
    ],
  },
  {
    name: 'another machine without a folder',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: sftp, host: b}]}\n`,
    problems: ['dbctl.yaml:3:25: backup.repositories[0]: a repository of type sftp needs path'],
    beyondSchema: true,
  },
  {
    name: 'a user that would be an option of ssh',
    yaml: `${HEAD}backup: {repositories: [{name: a, type: sftp, host: b, path: c, user: -x}]}\n`,
    problems: ['dbctl.yaml:3:71: backup.repositories[0].user: expected the name of a user, found the text "-x"'],
  },
  {
    name: 'no session to dump with',
    yaml: `${HEAD}backup: {jobs: 0}\n`,
    problems: ['dbctl.yaml:3:16: backup.jobs: expected a whole number from 1 to 64, found the number 0'],
  },
  {
    name: 'a notice that tells nobody',
    yaml: `${HEAD}backup: {notify: [{on: [failed]}]}\n`,
    problems: [
      'dbctl.yaml:3:19: backup.notify[0]: tells nobody, or two: write either command: [PROGRAM, …] or webhook: {variable: NAME}',
    ],
    beyondSchema: true,
  },
  {
    name: 'a hook that is one line of shell',
    yaml: `${HEAD}backup: {hooks: {before: ["sync && true"]}}\n`,
    problems: [
      'dbctl.yaml:3:27: backup.hooks.before[0]: expected a list of words, found the text "sync && true": write [sync && true]',
    ],
  },
];
