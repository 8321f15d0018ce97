import { HEAD, type BadFile } from './bad-file.ts';

/** Append-only tables and the ledger. */
export const BAD_RECORDS: readonly BadFile[] = [
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
];
