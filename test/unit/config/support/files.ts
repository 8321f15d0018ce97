/** One broken dbctl.yaml and everything dbctl says about it. */
export interface BadFile {
  readonly name: string;
  readonly yaml: string;
  /** Every problem, in order. */
  readonly problems: readonly string[];
  /** One of them is a secret in the open. */
  readonly secret?: true;
  /** The JSON Schema lets it pass: the rule is about YAML, about several keys at once, or about secrets. */
  readonly beyondSchema?: true;
}

/** The two required keys: what follows begins on line 3. */
export const HEAD = 'version: 1\nproject: lab\n';

const env = (body: string) => `${HEAD}environments:\n  dev:\n${body}`;

export const BAD_FILES: readonly BadFile[] = [
  {
    name: 'an empty file',
    yaml: '',
    problems: ['dbctl.yaml:1:1: the file is empty'],
  },
  {
    name: 'nothing but comments',
    yaml: '# later\n',
    problems: ['dbctl.yaml:1:1: the file is empty'],
  },
  {
    name: 'an empty document',
    yaml: '---\n',
    problems: ['dbctl.yaml:1:1: expected a mapping, found nothing'],
  },
  {
    name: 'a list',
    yaml: '- version: 1\n',
    problems: ['dbctl.yaml:1:1: expected a mapping, found a list'],
  },
  {
    name: 'a text',
    yaml: 'version 1\n',
    problems: ['dbctl.yaml:1:1: expected a mapping, found the text "version 1"'],
  },
  {
    name: 'two documents',
    yaml: `${HEAD}---\nproject: b\n`,
    problems: ['dbctl.yaml:3:1: a second document begins here: the file holds one'],
    beyondSchema: true,
  },
  {
    name: 'no version',
    yaml: 'project: lab\n',
    problems: ['dbctl.yaml:1:1: version: missing, expected the number 1'],
  },
  {
    name: 'no project',
    yaml: 'version: 1\n',
    problems: ['dbctl.yaml:1:1: project: missing, expected a name of lower case letters, digits and dashes such as learning-lab'],
  },
  {
    name: 'a newer version, of which other rules are unknown',
    yaml: 'version: 2\nproject: lab\nshards: 3\n',
    problems: ['dbctl.yaml:1:10: version: the file is written for a newer dbctl: this one reads version 1, found 2'],
  },
  {
    name: 'version zero',
    yaml: 'version: 0\nproject: lab\n',
    problems: ['dbctl.yaml:1:10: version: expected the number 1, found the number 0'],
  },
  {
    name: 'version as text',
    yaml: 'version: "1"\nproject: lab\n',
    problems: ['dbctl.yaml:1:10: version: expected the number 1, found the text "1": write it without quotes'],
  },
  {
    name: 'a project that is no slug',
    yaml: 'version: 1\nproject: Learning Lab\n',
    problems: [
      'dbctl.yaml:2:10: project: expected a name of lower case letters, digits and dashes such as learning-lab, found the text "Learning Lab"',
    ],
  },
  {
    name: 'a project without a value',
    yaml: 'version: 1\nproject:\n',
    problems: [
      'dbctl.yaml:2:1: project: expected a name of lower case letters, digits and dashes such as learning-lab, found nothing',
    ],
  },
  {
    name: 'a tab as indentation',
    yaml: `${HEAD}verify:\n	fail_on: high\n`,
    problems: ['dbctl.yaml:4:1: a tab indents this line: YAML takes spaces only'],
  },
  {
    name: 'an unclosed bracket',
    yaml: `${HEAD}verify: {groups: [a\n`,
    problems: ['dbctl.yaml:4:1: a bracket is not closed: ] is missing', 'dbctl.yaml:4:1: a bracket is not closed: } is missing'],
    beyondSchema: true,
  },
  {
    name: 'an unclosed quote',
    yaml: `${HEAD}verify: {checks: "own\n`,
    problems: ['dbctl.yaml:4:1: a quote is not closed', 'dbctl.yaml:4:1: a bracket is not closed: } is missing'],
    beyondSchema: true,
  },
  {
    name: 'two keys on one line',
    yaml: `${HEAD}verify: fail_on: high\n`,
    problems: [
      'dbctl.yaml:3:9: a key begins inside a value: check the indentation, and put a value that holds a colon and a space in quotes',
    ],
    beyondSchema: true,
  },
  {
    name: 'a value that begins with @',
    yaml: `${HEAD}migrations: {folder: @db}\n`,
    problems: ['dbctl.yaml:3:22: a value cannot begin with this character: put it in quotes'],
    beyondSchema: true,
  },
  {
    name: 'an unknown escape',
    yaml: `${HEAD}migrations: {folder: "db\\migrations"}\n`,
    problems: ['dbctl.yaml:3:25: an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes'],
    beyondSchema: true,
  },
  {
    name: 'uneven indentation',
    yaml: `${HEAD}verify:\n  fail_on: high\n   checks: own\n`,
    problems: [
      'dbctl.yaml:4:12: a key begins inside a value: check the indentation, and put a value that holds a colon and a space in quotes',
    ],
  },
  {
    name: 'a key twice',
    yaml: `${HEAD}verify: {}\nverify: {}\n`,
    problems: ['dbctl.yaml:4:1: verify: given twice, first on line 3'],
    beyondSchema: true,
  },
  {
    name: 'a key twice, three levels down',
    yaml: env('    tls: require\n    embedded: true\n    tls: disable\n'),
    problems: ['dbctl.yaml:7:5: environments.dev.tls: given twice, first on line 5'],
    beyondSchema: true,
  },
  {
    name: 'a tag',
    yaml: `${HEAD}migrations: {folder: !include x.yaml}\n`,
    problems: ['dbctl.yaml:3:22: tags (!word) have no meaning here: write the plain value'],
    beyondSchema: true,
  },
  {
    name: 'a directive',
    yaml: '%FOO bar\n---\nversion: 1\nproject: lab\n',
    problems: ['dbctl.yaml:1:1: directives (%WORD) have no meaning here: remove the line'],
    beyondSchema: true,
  },
  {
    name: 'a list as a key',
    yaml: `${HEAD}? [a]\n: b\n`,
    problems: ['dbctl.yaml:3:3: a list, mapping or alias stands where a key belongs'],
  },
  {
    name: 'a key that would set the prototype',
    yaml: `${HEAD}__proto__: {fail_on: high}\n`,
    problems: ['dbctl.yaml:3:1: __proto__: unknown key'],
  },
  {
    name: 'an alias without anchor',
    yaml: `${HEAD}verify: *none\n`,
    problems: ['dbctl.yaml:3:9: verify: alias *none has no anchor &none above it'],
    beyondSchema: true,
  },
  {
    name: 'an alias inside what it names',
    yaml: `${HEAD}verify: &v {skip: *v}\n`,
    problems: ['dbctl.yaml:3:19: verify.skip: alias *v stands inside what it names'],
  },
  {
    name: 'a merge of a list',
    yaml: `${HEAD}verify:\n  <<: [a]\n`,
    problems: ['dbctl.yaml:4:3: verify."<<": merges something that is not a mapping above it'],
    beyondSchema: true,
  },
  {
    name: 'a mistake in an anchored mapping, once',
    yaml: `${HEAD}environments:\n  dev: &d {embeded: true}\n  ci: *d\n  test: {<<: *d, protected: true}\n`,
    problems: ['dbctl.yaml:4:12: environments.dev.embeded: unknown key, did you mean embedded'],
  },
  {
    name: 'an unknown key',
    yaml: `${HEAD}replicas: {}\n`,
    problems: ['dbctl.yaml:3:1: replicas: unknown key'],
  },
  {
    name: 'a protected table without its schema',
    yaml: `${HEAD}immutability: {tables: [{table: audit_log}]}\n`,
    problems: [
      'dbctl.yaml:3:33: immutability.tables[0].table: expected a table with its schema such as dbctl.schema_migrations, found the text "audit_log"',
    ],
  },
  {
    name: 'a protected table twice',
    yaml: `${HEAD}immutability: {tables: [{table: a.b}, {table: a.b}]}\n`,
    problems: ['dbctl.yaml:3:47: immutability.tables[1].table: "a.b" is listed twice'],
    beyondSchema: true,
  },
  {
    name: 'a protected table that is no mapping',
    yaml: `${HEAD}immutability: {tables: [a.b]}\n`,
    problems: ['dbctl.yaml:3:25: immutability.tables[0]: expected a mapping, found the text "a.b"'],
  },
  {
    name: 'an unsafe shape that is none',
    yaml: `${HEAD}immutability: {tables: [{table: a.b, accept: [enums]}]}\n`,
    problems: [
      'dbctl.yaml:3:47: immutability.tables[0].accept[0]: expected one of enum, composite, domain, virtual-column, large-object, cascade, inheritance, found the text "enums": did you mean enum',
    ],
  },
  {
    name: 'no key for the signer',
    yaml: `${HEAD}ledger: {signer: {name: k}}\n`,
    problems: ['dbctl.yaml:3:10: ledger.signer.key: missing, expected a mapping'],
  },
  {
    name: 'a signer with two keys',
    yaml: `${HEAD}ledger: {signer: {name: k, key: {variable: A, file: b}}}\n`,
    problems: [
      'dbctl.yaml:3:28: ledger.signer.key: names no key, or more than one: write {variable: NAME}, {file: PATH} or {command: [PROGRAM, …]}',
    ],
    beyondSchema: true,
  },
  {
    name: 'a signer without name',
    yaml: `${HEAD}ledger: {signer: {key: {variable: A}}}\n`,
    problems: [
      'dbctl.yaml:3:10: ledger.signer.name: missing, expected a name of lower case letters, digits and dashes such as learning-lab',
    ],
  },
  {
    name: 'the private key itself',
    yaml: `${HEAD}ledger: {signer: {name: k, key: abc}}\n`,
    problems: ['dbctl.yaml:3:33: ledger.signer.key: expected a mapping, found the text "abc"'],
  },
  {
    name: 'an interval without unit',
    yaml: `${HEAD}ledger: {interval: 60}\n`,
    problems: [
      'dbctl.yaml:3:20: ledger.interval: expected a duration such as 500ms, 2s, 5min, 1h or 1d, found the number 60: a number alone has no unit, write 60s or 60000ms',
    ],
  },
  {
    name: 'a sample below nothing',
    yaml: `${HEAD}ledger: {sample: -1}\n`,
    problems: ['dbctl.yaml:3:18: ledger.sample: expected a whole number from 0 to 1000000, found the number -1'],
  },
  {
    name: 'a public key that is none',
    yaml: `${HEAD}ledger: {public_keys: [abc]}\n`,
    problems: [
      'dbctl.yaml:3:24: ledger.public_keys[0]: expected a verifier key as dbctl ledger key prints it, found the text "abc"',
    ],
  },
  {
    name: 'a sink of no type',
    yaml: `${HEAD}ledger: {sinks: [{name: a}]}\n`,
    problems: ['dbctl.yaml:3:18: ledger.sinks[0].type: missing, expected one of folder, git, s3, log'],
  },
  {
    name: 'a sink of an unknown type',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: gcs}]}\n`,
    problems: ['dbctl.yaml:3:34: ledger.sinks[0].type: expected one of folder, git, s3, log, found the text "gcs"'],
  },
  {
    name: 'a folder sink without its folder',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: folder}]}\n`,
    problems: ['dbctl.yaml:3:18: ledger.sinks[0]: a sink of type folder needs path'],
    beyondSchema: true,
  },
  {
    name: 'a git sink with keys of s3',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: git, repository: ., branch: b, bucket: bbb}]}\n`,
    problems: ['dbctl.yaml:3:18: ledger.sinks[0]: a sink of type git has no bucket'],
    beyondSchema: true,
  },
  {
    name: 'an s3 sink with half a lock',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: s3, bucket: bbb, region: eu-x, mode: compliance}]}\n`,
    problems: ['dbctl.yaml:3:18: ledger.sinks[0]: mode and retain_days go together'],
    beyondSchema: true,
  },
  {
    name: 'an endpoint with a password',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: s3, bucket: bbb, region: eu-x, endpoint: "https://u:hunter2@h/"}]}\n`,
    problems: ['dbctl.yaml:3:75: ledger.sinks[0].endpoint: a connection string with its password stands in the file'],
    secret: true,
  },
  {
    name: 'two sinks of one name',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: log}, {name: a, type: log}]}\n`,
    problems: ['dbctl.yaml:3:47: ledger.sinks[1].name: "a" is listed twice'],
    beyondSchema: true,
  },
  {
    name: 'a branch that is an option',
    yaml: `${HEAD}ledger: {sinks: [{name: a, type: git, repository: ., branch: --force}]}\n`,
    problems: ['dbctl.yaml:3:62: ledger.sinks[0].branch: expected the name of a branch, found the text "--force"'],
  },
  {
    name: 'a table without schema in the ledger',
    yaml: `${HEAD}ledger: {tables: [log]}\n`,
    problems: [
      'dbctl.yaml:3:19: ledger.tables[0]: expected a table with its schema such as dbctl.schema_migrations, found the text "log"',
    ],
  },
  {
    name: 'a private key in PEM where its place belongs',
    yaml: `${HEAD}ledger: {signer: {name: k, key: "-----BEGIN PRIVATE KEY-----\\nhunter2hunter2\\n-----END PRIVATE KEY-----"}}\n`,
    problems: ['dbctl.yaml:3:33: ledger.signer.key: a private key stands in the file'],
    secret: true,
  },
  {
    name: 'a private key in base64 as the name of a variable',
    yaml: `${HEAD}ledger: {signer: {name: k, key: {variable: MC4CAQAwBQYDK2VwBCIEIhunter2hunter2hunter2hunter2hunter2hunter2hunt}}}\n`,
    problems: ['dbctl.yaml:3:44: ledger.signer.key.variable: a private key stands in the file'],
    secret: true,
    beyondSchema: true,
  },
  {
    name: 'the bytes of a private key where its place belongs',
    yaml: `${HEAD}ledger: {signer: {name: k, key: hunter2hunter2hunter2hunter2hunter2hunter2h=}}\n`,
    problems: ['dbctl.yaml:3:33: ledger.signer.key: expected a mapping, found the text "***"'],
  },
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
  {
    name: 'a misspelt key',
    yaml: `${HEAD}migrations: {lock_timout: 2s}\n`,
    problems: ['dbctl.yaml:3:14: migrations.lock_timout: unknown key, did you mean lock_timeout'],
  },
  {
    name: 'letters swapped',
    yaml: `${HEAD}verfiy: {}\n`,
    problems: ['dbctl.yaml:3:1: verfiy: unknown key, did you mean verify'],
  },
  {
    name: 'camel case',
    yaml: `${HEAD}migrations: {lockTimeout: 2s}\n`,
    problems: ['dbctl.yaml:3:14: migrations.lockTimeout: unknown key, did you mean lock_timeout'],
  },
  {
    name: 'a dash for an underscore',
    yaml: `${HEAD}verify: {fail-on: high}\n`,
    problems: ['dbctl.yaml:3:10: verify.fail-on: unknown key, did you mean fail_on'],
  },
  {
    name: 'a key of another section',
    yaml: `${HEAD}lock_timeout: 2s\n`,
    problems: ['dbctl.yaml:3:1: lock_timeout: unknown key, did you mean migrations.lock_timeout'],
  },
  {
    name: 'a misspelt required key',
    yaml: 'version: 1\nprojekt: lab\n',
    problems: ['dbctl.yaml:2:1: projekt: unknown key, did you mean project'],
  },
  {
    name: 'a key that is no word',
    yaml: `${HEAD}"a.b c": 1\n`,
    problems: ['dbctl.yaml:3:1: "a.b c": unknown key'],
  },
  {
    name: 'a key without name',
    yaml: `${HEAD}: 1\n`,
    problems: ['dbctl.yaml:3:1: "": unknown key'],
  },
  {
    name: 'a section an overlay cannot have',
    yaml: env('    overlay: {dev: {version: 17}}\n'),
    problems: ['dbctl.yaml:5:15: environments.dev.overlay.dev: unknown key'],
  },
  {
    name: 'a section without a value',
    yaml: `${HEAD}verify:\n`,
    problems: ['dbctl.yaml:3:1: verify: expected a mapping, found nothing'],
  },
  {
    name: 'a section that is a list',
    yaml: `${HEAD}verify: [all]\n`,
    problems: ['dbctl.yaml:3:9: verify: expected a mapping, found a list'],
  },
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

export const GOOD_FILES: readonly { readonly name: string; readonly yaml: string }[] = [
  { name: 'the least', yaml: HEAD },
  { name: 'comments and blank lines', yaml: `# a project\n\n${HEAD}\n# the end\n` },
  { name: 'flow style', yaml: '{version: 1, project: lab, dev: {engine: container}}' },
  { name: 'JSON', yaml: '{"version": 1, "project": "lab", "verify": {"groups": ["locale"]}}' },
  {
    name: 'every key',
    yaml: `version: 1
project: learning-lab
postgres:
  version: "17.10"
  extensions: { required: [pgcrypto, uuid-ossp], allowed: [pg_trgm], schema: extensions }
  timezone: Europe/Paris
  locale: { provider: icu, name: fr-FR, encoding: LATIN9 }
environments:
  dev: { embedded: true }
  ci: {}
  staging-2:
    url: { file: secrets/staging.url }
    embedded: false
    protected: true
    tls: require
  prod:
    url: { variable: PROD_DATABASE_URL }
    protected: false
    tls: verify-full
    system_identifier: "7449012345678901234"
    overlay:
      postgres: { timezone: UTC, locale: { name: de-DE } }
      migrations: { lock_timeout: 500 ms }
      verify: { skip: [] }
migrations:
  folder: db/migrations
  table: public.schema_migrations
  lock_timeout: 500ms
  lock_retries: 0
  lock_wait: 1h
  statement_timeout: 5min
verify:
  groups: [locale, tls]
  skip: [wal-archive]
  fail_on: critical
  waivers: waivers.yaml
  checks: own/checks
  required: [tz-server]
immutability:
  owner: keeper
  runbook: docs/alarm.md
  partition_creators: [cron]
  unlockers: [ann, bob]
  tables:
    - { table: audit.log, generated: [id], accept: [enum], probe: "insert into audit.log default values" }
ledger:
  tables: [audit.log]
  xid_column: xid
  interval: 5min
  sample: 100
  signer: { name: lab-ledger, key: { command: [sign-with-token, --slot, "2"] } }
  public_keys: [test-ledger+5e6f2b0a+AbqUbKYnBcAI/8X3sOTkwcvGZgY7UuW1q4hIVmyk1S6W]
  sinks:
    - { name: share, type: folder, path: notes }
    - { name: branch, type: git, repository: ., branch: ledger, remote: evidence }
    - { name: bucket, type: s3, bucket: lab-evidence, region: eu-central-1, prefix: ledger/, endpoint: "https://s3.example.org", mode: compliance, retain_days: 3650 }
    - { name: stream, type: log, path: ledger.log }
backup:
  programs: /opt/pgsql/bin
  repositories: [{ name: nightly, type: folder, path: /var/backups/lab }]
  signer: { name: lab-backup, key: { variable: BACKUP_KEY } }
  public_keys: [test-ledger+5e6f2b0a+AbqUbKYnBcAI/8X3sOTkwcvGZgY7UuW1q4hIVmyk1S6W]
  keep: { last: 3, daily: 14, weekly: 8, monthly: 12, yearly: 7 }
  max_age: 25h
  drill_days: 90
  jobs: 4
  lock_wait: 5min
dev: { version: 17, engine: container, database: lab_dev }
`,
  },
  { name: 'no limit written as a number and as text', yaml: `${HEAD}migrations: { lock_wait: 0, statement_timeout: "0" }` },
  { name: 'an empty section', yaml: `${HEAD}verify: {}` },
  {
    name: 'environments called like properties of every object',
    yaml: `${HEAD}environments: { dev: {}, constructor: {}, valueof: {} }`,
  },
];
