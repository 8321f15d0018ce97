import type { BadFile } from '../../support/bad-file.ts';

/** The required keys: what follows begins on line 6. */
const HEAD = 'version: 1\nowner: boss\nschemas: [app]\n';
const ROLES = `${HEAD}roles:\n  boss: { purpose: owns the schemas }\n`;
const top = (body: string): string => `${ROLES}${body}`;
/** A role besides the owner; its body begins on line 8. */
const web = (body: string): string => `${ROLES}  web:\n    purpose: the web application\n${body}`;
/** One grant of it, on line 9. */
const grant = (one: string): string => web(`    grants:\n      - ${one}\n`);
/** One exception, on line 7. */
const exc = (one: string): string => top(`exceptions:\n  - ${one}\n`);
const E = 'id: EX-1, role: boss, reason: an incident of last week, owner: ops, expires: "2027-01-31"';

const BAD_DOCUMENTS: readonly BadFile[] = [
  {
    name: 'is empty',
    yaml: '',
    problems: ['roles.yaml:1:1: the file is empty'],
  },
  {
    name: 'is a list',
    yaml: '- version: 1\n',
    problems: ['roles.yaml:1:1: expected a mapping, found a list'],
  },
  {
    name: 'a tab indents',
    yaml: HEAD + 'roles:\n\tboss: {}\n',
    problems: ['roles.yaml:5:1: a tab indents this line: YAML takes spaces only'],
  },
  {
    name: 'a bracket is not closed',
    yaml: HEAD + 'roles: {boss: {purpose: x}\n',
    problems: ['roles.yaml:5:1: a bracket is not closed: } is missing'],
  },
  {
    name: 'a key twice',
    yaml: top('owner: other\n'),
    problems: ['roles.yaml:6:1: owner: given twice, first on line 2'],
    beyondSchema: true,
  },
  {
    name: 'a role twice',
    yaml: ROLES + '  boss: { purpose: owns it all again }\n',
    problems: ['roles.yaml:6:3: roles.boss: given twice, first on line 5'],
    beyondSchema: true,
  },
  {
    name: 'two documents',
    yaml: ROLES + '---\nversion: 1\n',
    problems: ['roles.yaml:6:1: a second document begins here: the file holds one'],
    beyondSchema: true,
  },
  {
    name: 'a value with a colon',
    yaml: HEAD + 'roles:\n  boss: { purpose: owner: all }\n',
    problems: ['roles.yaml:5:20: a key begins inside a value: put a value that holds a colon and a space in quotes'],
  },
];

const BAD_KEYS: readonly BadFile[] = [
  {
    name: 'all required keys are missing',
    yaml: 'others: report\n',
    problems: [
      'roles.yaml:1:1: version: missing, expected the number 1',
      'roles.yaml:1:1: owner: missing, expected the name of a role, up to 63 letters, digits and _, which does not begin with pg_ and is not none or public',
      'roles.yaml:1:1: schemas: missing, expected a list of schemas',
      'roles.yaml:1:1: roles: missing, expected a mapping',
    ],
  },
  {
    name: 'a newer version',
    yaml: 'version: 2\nowner: boss\nschemas: [app]\nroles: {}\n',
    problems: ['roles.yaml:1:10: version: the file is written for a newer dbctl: this one reads version 1, found 2'],
  },
  {
    name: 'an unknown key at the top',
    yaml: top('rolse: {}\n'),
    problems: ['roles.yaml:6:1: rolse: unknown key, did you mean roles'],
  },
  {
    name: 'an unknown key of a role',
    yaml: web('    conection_limit: 3\n'),
    problems: ['roles.yaml:8:5: roles.web.conection_limit: unknown key, did you mean connection_limit'],
  },
  {
    name: 'a key of another place',
    yaml: web('    on: [app.orders]\n'),
    problems: ['roles.yaml:8:5: roles.web.on: unknown key'],
  },
  {
    name: 'an unknown key of a grant',
    yaml: grant('{ on: [app.orders], ues: read }'),
    problems: ['roles.yaml:9:29: roles.web.grants[0].ues: unknown key, did you mean use'],
  },
  {
    name: 'a role without a purpose',
    yaml: HEAD + 'roles:\n  boss: {}\n',
    problems: ['roles.yaml:5:3: roles.boss.purpose: missing, expected a text of 10 characters at least'],
  },
  {
    name: 'a role that is nothing',
    yaml: HEAD + 'roles:\n  boss:\n',
    problems: ['roles.yaml:5:3: roles.boss: expected a mapping, found nothing'],
  },
  {
    name: 'a purpose too short',
    yaml: HEAD + 'roles:\n  boss: { purpose: owner }\n',
    problems: ['roles.yaml:5:20: roles.boss.purpose: expected a text of 10 characters at least, found the text "owner"'],
  },
  {
    name: 'a membership without all options',
    yaml: web('    member_of: { boss: { inherit: true } }\n'),
    problems: ['roles.yaml:8:18: roles.web.member_of.boss.set: missing, expected true or false'],
  },
  {
    name: 'an unknown option of a membership',
    yaml: web('    member_of: { boss: { inherit: true, set: true, admin: false, grant: true } }\n'),
    problems: ['roles.yaml:8:66: roles.web.member_of.boss.grant: unknown key'],
  },
  {
    name: 'a policy list is missing',
    yaml: top('row_security: { app.orders: { enabled: true } }\n'),
    problems: ['roles.yaml:6:17: row_security."app.orders".policies: missing, expected a list of policies'],
  },
  {
    name: 'an exception without reason, owner and day',
    yaml: exc('{ id: EX-1, role: boss, accept: role-reads-passwords }'),
    problems: [
      'roles.yaml:7:5: exceptions[0].reason: missing, expected a text of 10 characters at least',
      'roles.yaml:7:5: exceptions[0].owner: missing, expected who answers for it',
      'roles.yaml:7:5: exceptions[0].expires: missing, expected a day such as 2027-03-31, in quotes',
    ],
  },
];

const BAD_NAMES: readonly BadFile[] = [
  {
    name: 'a role that begins with pg_',
    yaml: HEAD + 'roles:\n  boss: { purpose: owns the schemas }\n  pg_mine: { purpose: is not allowed by the server }\n',
    problems: [
      'roles.yaml:6:3: roles.pg_mine: expected the name of a role, up to 63 letters, digits and _, which does not begin with pg_ and is not none or public, found the text "pg_mine"',
    ],
  },
  {
    name: 'a role with a space',
    yaml: HEAD + 'roles:\n  boss: { purpose: owns the schemas }\n  "we ird": { purpose: has an odd name }\n',
    problems: [
      'roles.yaml:6:3: roles."we ird": expected the name of a role, up to 63 letters, digits and _, which does not begin with pg_ and is not none or public, found the text "we ird"',
    ],
  },
  {
    name: 'a role of 64 letters',
    yaml: `${ROLES}  ${'a'.repeat(64)}: { purpose: has a long name }\n`,
    problems: [
      'roles.yaml:6:3: roles.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: expected the name of a role, up to 63 letters, digits and _, which does not begin with pg_ and is not none or public, found the text "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"',
    ],
  },
  {
    name: 'a schema with a dot',
    yaml: 'version: 1\nowner: boss\nschemas: [app.orders]\nroles:\n  boss: { purpose: owns the schemas }\n',
    problems: ['roles.yaml:3:11: schemas[0]: expected the name of a schema, up to 63 letters, found the text "app.orders"'],
  },
  {
    name: 'a schema listed twice',
    yaml: 'version: 1\nowner: boss\nschemas: [app, app]\nroles:\n  boss: { purpose: owns the schemas }\n',
    problems: ['roles.yaml:3:16: schemas[1]: "app" is listed twice'],
  },
  {
    name: 'no schema',
    yaml: 'version: 1\nowner: boss\nschemas: []\nroles:\n  boss: { purpose: owns the schemas }\n',
    problems: ['roles.yaml:3:10: schemas: expected a list of schemas, found an empty list'],
  },
  {
    name: 'a table without its schema',
    yaml: grant('{ on: [orders], use: read }'),
    problems: [
      'roles.yaml:9:16: roles.web.grants[0].on[0]: expected a pattern such as app.orders or app.*, in which * stands for any letters, found the text "orders"',
    ],
  },
  {
    name: 'a pattern with a quote left open',
    yaml: grant(`{ on: ['app."orders'], use: read }`),
    problems: [
      'roles.yaml:9:16: roles.web.grants[0].on[0]: expected a pattern such as app.orders or app.*, in which * stands for any letters, found the text "app.\\"orders"',
    ],
  },
  {
    name: 'a routine without its schema',
    yaml: grant('{ routines: ["total(int)"] }'),
    problems: [
      'roles.yaml:9:22: roles.web.grants[0].routines[0]: expected a routine such as app.place_order(bigint, numeric), or a pattern such as app.*, found the text "total(int)"',
    ],
  },
  {
    name: 'a parameter with capitals',
    yaml: grant('{ parameters: [Work_Mem] }'),
    problems: [
      'roles.yaml:9:24: roles.web.grants[0].parameters[0]: expected the name of a parameter such as statement_timeout, found the text "Work_Mem"',
    ],
  },
  {
    name: 'a setting with a dash',
    yaml: web('    settings: { work-mem: 4MB }\n'),
    problems: [
      'roles.yaml:8:17: roles.web.settings.work-mem: expected the name of a parameter such as statement_timeout, found the text "work-mem"',
    ],
  },
  {
    name: 'a preset with capitals',
    yaml: top('presets: { Read: { table: [select] } }\n'),
    problems: ['roles.yaml:6:12: presets.Read: expected the name of a preset such as read, found the text "Read"'],
  },
  {
    name: 'row security of a pattern',
    yaml: top('row_security: { app.*: { policies: [one] } }\n'),
    problems: [
      'roles.yaml:6:17: row_security."app.*": expected a table with its schema such as app.orders or app."We ird", found the text "app.*"',
    ],
  },
  {
    name: 'an environment with capitals',
    yaml: top('environments: { Prod: {} }\n'),
    problems: [
      'roles.yaml:6:17: environments.Prod: expected an environment name of lower case letters, digits and dashes such as dev, found the text "Prod"',
    ],
  },
  {
    name: 'a password variable with a dash',
    yaml: web('    login: true\n    password: { variable: WEB-PASSWORD }\n'),
    problems: [
      'roles.yaml:9:27: roles.web.password.variable: expected the name of an environment variable such as PROD_DATABASE_URL, found the text "WEB-PASSWORD"',
    ],
  },
];

const BAD_VALUES: readonly BadFile[] = [
  {
    name: 'login is a word',
    yaml: web('    login: yes\n'),
    problems: ['roles.yaml:8:12: roles.web.login: expected true or false, found the text "yes": write true'],
  },
  {
    name: 'one login in logins',
    yaml: web('    logins: [web_1]\n'),
    problems: ['roles.yaml:8:13: roles.web.logins: expected a list of two roles, found a list'],
  },
  {
    name: 'login and logins',
    yaml: web('    login: true\n    logins: [web_1, web_2]\n'),
    problems: ['roles.yaml:6:3: roles.web: has login and logins: with logins the role itself is a group'],
    beyondSchema: true,
  },
  {
    name: 'an attribute that is none',
    yaml: web('    attributes: [superusr]\n'),
    problems: [
      'roles.yaml:8:18: roles.web.attributes[0]: expected one of superuser, createdb, createrole, replication, bypassrls, found the text "superusr": did you mean superuser',
    ],
  },
  {
    name: 'a connection limit below 0',
    yaml: web('    connection_limit: -1\n'),
    problems: ['roles.yaml:8:23: roles.web.connection_limit: expected a whole number from 0 to 262143, found the number -1'],
  },
  {
    name: 'a connection limit with a fraction',
    yaml: web('    connection_limit: 1.5\n'),
    problems: ['roles.yaml:8:23: roles.web.connection_limit: expected a whole number from 0 to 262143, found the number 1.5'],
  },
  {
    name: 'a day that is no day',
    yaml: web('    valid_until: 2027-02-31x\n'),
    problems: [
      'roles.yaml:8:18: roles.web.valid_until: expected a day such as 2027-03-31, in quotes, found the text "2027-02-31x"',
    ],
  },
  {
    name: 'a day of month 13',
    yaml: web('    valid_until: "2027-13-01"\n'),
    problems: [
      'roles.yaml:8:18: roles.web.valid_until: expected a day such as 2027-03-31, in quotes, found the text "2027-13-01"',
    ],
  },
  {
    name: '31 February',
    yaml: web('    valid_until: "2027-02-31"\n'),
    problems: ['roles.yaml:8:18: roles.web.valid_until: there is no such day'],
    beyondSchema: true,
  },
  {
    name: 'a setting that is a list',
    yaml: web('    settings: { search_path: [app] }\n'),
    problems: ['roles.yaml:8:30: roles.web.settings.search_path: expected a value as SET takes it, found a list'],
  },
  {
    name: 'settings are a list',
    yaml: web('    settings: [search_path]\n'),
    problems: ['roles.yaml:8:15: roles.web.settings: expected a mapping, found a list'],
  },
  {
    name: 'others is another word',
    yaml: top('others: revoke\n'),
    problems: ['roles.yaml:6:9: others: expected one of report, ignore, found the text "revoke"'],
  },
  {
    name: 'a privilege that is none',
    yaml: grant('{ on: [app.orders], privileges: [selct] }'),
    problems: [
      'roles.yaml:9:42: roles.web.grants[0].privileges[0]: expected one of select, insert, update, delete, truncate, references, trigger, maintain, usage, create, temporary, connect, execute, set, alter system, found the text "selct": did you mean select',
    ],
  },
  {
    name: 'a preset with a privilege of sequences',
    yaml: top('presets: { read: { table: [usage] } }\n'),
    problems: [
      'roles.yaml:6:28: presets.read.table[0]: expected one of select, insert, update, delete, truncate, references, trigger, maintain, found the text "usage"',
    ],
  },
  {
    name: 'database with CONNECT, which follows from login',
    yaml: grant('{ database: [connect] }'),
    problems: ['roles.yaml:9:22: roles.web.grants[0].database[0]: expected one of temporary, create, found the text "connect"'],
  },
  {
    name: 'grants are a mapping',
    yaml: web('    grants: { on: [app.orders] }\n'),
    problems: ['roles.yaml:8:13: roles.web.grants: expected a list of grants, found a mapping'],
  },
  {
    name: 'a finding with capitals',
    yaml: exc(`{ ${E}, accept: Role_Reads }`),
    problems: [
      'roles.yaml:7:106: exceptions[0].accept: expected the id of a finding such as role-reads-passwords, found the text "Role_Reads"',
    ],
  },
  {
    name: 'an exception of two lines of nothing',
    yaml: exc(`{ id: EX-1, role: boss, reason: short, owner: "", expires: soon, accept: role-reads-passwords }`),
    problems: [
      'roles.yaml:7:37: exceptions[0].reason: expected a text of 10 characters at least, found the text "short"',
      'roles.yaml:7:44: exceptions[0].owner: expected who answers for it, found the text ""',
      'roles.yaml:7:64: exceptions[0].expires: expected a day such as 2027-03-31, in quotes, found the text "soon"',
    ],
  },
];

const BAD_GRANTS: readonly BadFile[] = [
  {
    name: 'names nothing',
    yaml: grant('{ use: read }'),
    problems: [
      'roles.yaml:9:9: roles.web.grants[0]: names nothing: write one of on, sequences, routines, types, schemas, database, languages, foreign_servers, foreign_data_wrappers, tablespaces, parameters',
    ],
    beyondSchema: true,
  },
  {
    name: 'names two things',
    yaml: grant('{ on: [app.orders], sequences: [app.counter], use: read }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: names on and sequences: write a grant for each'],
    beyondSchema: true,
  },
  {
    name: 'says on and not what',
    yaml: grant('{ on: [app.orders] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: says on what and not what: write use, privileges, or columns'],
    beyondSchema: true,
  },
  {
    name: 'use with privileges',
    yaml: grant('{ on: [app.orders], use: read, privileges: [insert] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: use stands alone, without privileges'],
    beyondSchema: true,
  },
  {
    name: 'use with columns',
    yaml: grant('{ on: [app.orders], use: read, select: [id] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: use stands alone, without select'],
    beyondSchema: true,
  },
  {
    name: 'columns of two tables',
    yaml: grant('{ on: [app.orders, app.lines], select: [id] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: columns are those of one table: name it, without *'],
    beyondSchema: true,
  },
  {
    name: 'columns of a pattern',
    yaml: grant('{ on: [app.*], select: [id] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: columns are those of one table: name it, without *'],
    beyondSchema: true,
  },
  {
    name: 'columns of a routine',
    yaml: grant('{ routines: ["app.total(int)"], select: [id] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: select goes with on'],
    beyondSchema: true,
  },
  {
    name: 'use of a schema',
    yaml: grant('{ schemas: [app], use: read }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: use goes with on'],
    beyondSchema: true,
  },
  {
    name: 'except of the database',
    yaml: grant('{ database: [temporary], except: [app.orders] }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: except goes with on'],
    beyondSchema: true,
  },
  {
    name: 'use of a sequence',
    yaml: grant('{ sequences: [app.counter], use: read }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: use goes with on'],
    beyondSchema: true,
  },
  {
    name: 'future of one table',
    yaml: grant('{ on: [app.orders], use: read, future: true }'),
    problems: [
      'roles.yaml:9:9: roles.web.grants[0]: future needs schema.* in on, since default privileges are those of a schema',
    ],
    beyondSchema: true,
  },
  {
    name: 'future of any schema',
    yaml: grant('{ on: ["*.*"], use: read, future: true }'),
    problems: [
      'roles.yaml:9:9: roles.web.grants[0]: future needs schema.* in on, since default privileges are those of a schema',
    ],
    beyondSchema: true,
  },
  {
    name: 'future of one routine',
    yaml: grant('{ routines: ["app.total(int)"], future: true }'),
    problems: [
      'roles.yaml:9:9: roles.web.grants[0]: future needs schema.* in routines, since default privileges are those of a schema',
    ],
    beyondSchema: true,
  },
  {
    name: 'future of the database',
    yaml: grant('{ database: [temporary], future: true }'),
    problems: ['roles.yaml:9:9: roles.web.grants[0]: future goes with on'],
    beyondSchema: true,
  },
  {
    name: 'a preset that is not there',
    yaml: grant('{ on: [app.orders], use: raed }'),
    problems: ['roles.yaml:9:34: roles.web.grants[0].use: there is no preset raed, did you mean read'],
    beyondSchema: true,
  },
  {
    name: 'EXECUTE on a table',
    yaml: grant('{ on: [app.orders], privileges: [execute] }'),
    problems: [
      'roles.yaml:9:42: roles.web.grants[0].privileges[0]: on has select, insert, update, delete, truncate, references, trigger, maintain, not execute',
    ],
    beyondSchema: true,
  },
  {
    name: 'DELETE on a sequence',
    yaml: grant('{ sequences: [app.counter], privileges: [delete] }'),
    problems: ['roles.yaml:9:50: roles.web.grants[0].privileges[0]: sequences has usage, select, update, not delete'],
    beyondSchema: true,
  },
  {
    name: 'SELECT on a routine',
    yaml: grant('{ routines: [app.total], privileges: [select] }'),
    problems: ['roles.yaml:9:47: roles.web.grants[0].privileges[0]: routines has execute, not select'],
    beyondSchema: true,
  },
  {
    name: 'CREATE on a type',
    yaml: grant('{ types: [app.mood], privileges: [create] }'),
    problems: ['roles.yaml:9:43: roles.web.grants[0].privileges[0]: types has usage, not create'],
    beyondSchema: true,
  },
  {
    name: 'SELECT on a schema',
    yaml: grant('{ schemas: [app], privileges: [select] }'),
    problems: ['roles.yaml:9:40: roles.web.grants[0].privileges[0]: schemas has usage, create, not select'],
    beyondSchema: true,
  },
  {
    name: 'privileges beside database',
    yaml: grant('{ database: [create], privileges: [temporary] }'),
    problems: ['roles.yaml:9:44: roles.web.grants[0].privileges[0]: privileges of the database stand in database itself'],
    beyondSchema: true,
  },
  {
    name: 'CREATE on a language',
    yaml: grant('{ languages: [plpgsql], privileges: [create] }'),
    problems: ['roles.yaml:9:46: roles.web.grants[0].privileges[0]: languages has usage, not create'],
    beyondSchema: true,
  },
  {
    name: 'CREATE on a foreign server',
    yaml: grant('{ foreign_servers: [far], privileges: [create] }'),
    problems: ['roles.yaml:9:48: roles.web.grants[0].privileges[0]: foreign_servers has usage, not create'],
    beyondSchema: true,
  },
  {
    name: 'CREATE on a foreign data wrapper',
    yaml: grant('{ foreign_data_wrappers: [wires], privileges: [create] }'),
    problems: ['roles.yaml:9:56: roles.web.grants[0].privileges[0]: foreign_data_wrappers has usage, not create'],
    beyondSchema: true,
  },
  {
    name: 'USAGE on a tablespace',
    yaml: grant('{ tablespaces: [fast], privileges: [usage] }'),
    problems: ['roles.yaml:9:45: roles.web.grants[0].privileges[0]: tablespaces has create, not usage'],
    beyondSchema: true,
  },
  {
    name: 'USAGE on a parameter',
    yaml: grant('{ parameters: [work_mem], privileges: [usage] }'),
    problems: ['roles.yaml:9:48: roles.web.grants[0].privileges[0]: parameters has set, alter system, not usage'],
    beyondSchema: true,
  },
  {
    name: 'a wrong privilege for everybody',
    yaml: top('public: { grants: [{ schemas: [app], privileges: [execute] }] }\n'),
    problems: ['roles.yaml:6:51: public.grants[0].privileges[0]: schemas has usage, create, not execute'],
    beyondSchema: true,
  },
  {
    name: 'a wrong privilege in an exception',
    yaml: exc(`{ ${E}, grant: { on: [app.orders], privileges: [usage] } }`),
    problems: [
      'roles.yaml:7:138: exceptions[0].grant.privileges[0]: on has select, insert, update, delete, truncate, references, trigger, maintain, not usage',
    ],
    beyondSchema: true,
  },
];

const BAD_CONTRADICTIONS: readonly BadFile[] = [
  {
    name: 'an owner that is not among roles',
    yaml: 'version: 1\nowner: bos\nschemas: [app]\nroles:\n  boss: { purpose: owns the schemas }\n',
    problems: ['roles.yaml:2:8: owner: bos is not among roles, did you mean boss'],
    beyondSchema: true,
  },
  {
    name: 'an owner that logs in',
    yaml: HEAD + 'roles:\n  boss: { purpose: owns the schemas, login: true }\n',
    problems: ['roles.yaml:5:9: roles.boss: owns the schemas, and so must not log in'],
    beyondSchema: true,
  },
  {
    name: 'an owner with logins',
    yaml: HEAD + 'roles:\n  boss: { purpose: owns the schemas, logins: [a, b] }\n',
    problems: ['roles.yaml:5:9: roles.boss: owns the schemas, and so must not log in'],
    beyondSchema: true,
  },
  {
    name: 'a creator that is not among roles',
    yaml: top('creators: [boss, migrator]\n'),
    problems: ['roles.yaml:6:18: creators[1]: migrator is not among roles'],
    beyondSchema: true,
  },
  {
    name: 'a login that is a role',
    yaml: web('    logins: [web_1, boss]\n'),
    problems: ['roles.yaml:8:21: roles.web.logins[1]: boss is the role boss already'],
    beyondSchema: true,
  },
  {
    name: 'a login of two roles',
    yaml: web('    logins: [web_1, web_2]\n  job:\n    purpose: background jobs\n    logins: [web_2, job_2]\n'),
    problems: ['roles.yaml:11:14: roles.job.logins[0]: web_2 is a login of web already'],
    beyondSchema: true,
  },
  {
    name: 'a role in itself',
    yaml: web('    member_of: { web: { inherit: true, set: true, admin: false } }\n'),
    problems: ['roles.yaml:8:23: roles.web.member_of.web: a role is no member of itself'],
    beyondSchema: true,
  },
  {
    name: 'two roles in each other',
    yaml:
      HEAD +
      'roles:\n  boss: { purpose: owns the schemas }\n  a: { purpose: first of a circle, member_of: { b: { inherit: true, set: false, admin: false } } }\n  b: { purpose: second of a circle, member_of: { a: { inherit: true, set: false, admin: false } } }\n',
    problems: ['roles.yaml:6:47: roles.a.member_of: memberships go in a circle: a → b → a'],
    beyondSchema: true,
  },
  {
    name: 'a circle of three',
    yaml:
      HEAD +
      'roles:\n  boss: { purpose: owns the schemas }\n  a: { purpose: first of a circle, member_of: { b: { inherit: true, set: false, admin: false } } }\n  b: { purpose: second of a circle, member_of: { c: { inherit: true, set: false, admin: false } } }\n  c: { purpose: third of a circle, member_of: { a: { inherit: true, set: false, admin: false } } }\n',
    problems: ['roles.yaml:6:47: roles.a.member_of: memberships go in a circle: a → b → c → a'],
    beyondSchema: true,
  },
  {
    name: 'a role in its own login',
    yaml: web('    logins: [web_1, web_2]\n    member_of: { web_1: { inherit: true, set: true, admin: false } }\n'),
    problems: ['roles.yaml:9:16: roles.web.member_of: memberships go in a circle: web → web_1 → web'],
    beyondSchema: true,
  },
  {
    name: 'an exception for nobody of the file',
    yaml: exc(`{ ${E.replace('role: boss', 'role: bos')}, accept: role-reads-passwords }`),
    problems: ['roles.yaml:7:23: exceptions[0].role: bos is not among roles, did you mean boss'],
    beyondSchema: true,
  },
  {
    name: 'two exceptions of one id',
    yaml: top(`exceptions:\n  - { ${E}, accept: role-reads-passwords }\n  - { ${E}, accept: role-is-superuser }\n`),
    problems: ['roles.yaml:8:11: exceptions[1].id: EX-1 is the id of another exception already'],
    beyondSchema: true,
  },
  {
    name: 'an exception with grant and accept',
    yaml: exc(`{ ${E}, accept: role-reads-passwords, grant: { on: [app.orders], use: read } }`),
    problems: ['roles.yaml:7:5: exceptions[0]: says grant or accept, and one of them alone'],
    beyondSchema: true,
  },
  {
    name: 'an exception with neither',
    yaml: exc(`{ ${E} }`),
    problems: ['roles.yaml:7:5: exceptions[0]: says grant or accept, and one of them alone'],
    beyondSchema: true,
  },
  {
    name: 'a password of two places',
    yaml: web('    password: { variable: WEB, file: web.txt }\n'),
    problems: [
      'roles.yaml:8:5: roles.web.password: names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
    ],
    beyondSchema: true,
  },
  {
    name: 'a password of no place',
    yaml: web('    password: {}\n'),
    problems: [
      'roles.yaml:8:5: roles.web.password: names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
    ],
    beyondSchema: true,
  },
];

const BAD_ENVIRONMENTS: readonly BadFile[] = [
  {
    name: 'a role that is not there',
    yaml: top('environments: { prod: { roles: { wbe: { connection_limit: 3 } } } }\n'),
    problems: ['roles.yaml:6:39: environments.prod.roles.wbe: wbe is not among roles'],
    beyondSchema: true,
  },
  {
    name: 'rights',
    yaml: top('environments: { prod: { roles: { boss: { grants: [] } } } }\n'),
    problems: [
      'roles.yaml:6:42: environments.prod.roles.boss.grants: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
  {
    name: 'attributes',
    yaml: top('environments: { prod: { roles: { boss: { attributes: [superuser] } } } }\n'),
    problems: [
      'roles.yaml:6:42: environments.prod.roles.boss.attributes: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
  {
    name: 'memberships',
    yaml: top('environments: { prod: { roles: { boss: { member_of: {} } } } }\n'),
    problems: [
      'roles.yaml:6:42: environments.prod.roles.boss.member_of: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
  {
    name: 'a duty',
    yaml: top('environments: { prod: { roles: { boss: { duty: verify } } } }\n'),
    problems: [
      'roles.yaml:6:42: environments.prod.roles.boss.duty: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
  {
    name: 'login',
    yaml: top('environments: { prod: { roles: { boss: { login: true } } } }\n'),
    problems: [
      'roles.yaml:6:42: environments.prod.roles.boss.login: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
  {
    name: 'what everybody may do',
    yaml: top('environments: { prod: { public: { grants: [] } } }\n'),
    problems: [
      'roles.yaml:6:25: environments.prod.public: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
  {
    name: 'other schemas',
    yaml: top('environments: { prod: { schemas: [app] } }\n'),
    problems: [
      'roles.yaml:6:25: environments.prod.schemas: is the same in every environment: connection_limit, valid_until, password and settings may differ',
    ],
  },
];

const BAD_DUTIES: readonly BadFile[] = [
  {
    name: 'a duty that there is not',
    yaml: web('    duty: verfy\n'),
    problems: ['roles.yaml:8:11: roles.web.duty: expected one of verify, found the text "verfy": did you mean verify'],
  },
  {
    name: 'several duties',
    yaml: web('    duty: [verify]\n'),
    problems: ['roles.yaml:8:11: roles.web.duty: expected one of verify, found a list'],
  },
];

const BAD_SECRETS: readonly BadFile[] = [
  {
    name: 'a password in a role',
    yaml: web('    password: hunter2hunter2\n'),
    problems: ['roles.yaml:8:5: roles.web.password: a secret does not belong in this file'],
    secret: true,
  },
  {
    name: 'a password beside the file of one',
    yaml: web('    password: { value: hunter2hunter2 }\n'),
    problems: [
      'roles.yaml:8:5: roles.web.password: names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
      'roles.yaml:8:17: roles.web.password.value: unknown key',
    ],
  },
  {
    name: 'a password of an environment',
    yaml: top('environments: { prod: { roles: { boss: { password: hunter2hunter2 } } } }\n'),
    problems: ['roles.yaml:6:42: environments.prod.roles.boss.password: a secret does not belong in this file'],
    secret: true,
  },
  {
    name: 'a URL with a password in a setting',
    yaml: web('    settings: { app.url: "postgresql://web:hunter2hunter2@db/lab" }\n'),
    problems: ['roles.yaml:8:26: roles.web.settings."app.url": a connection string with its password stands in the file'],
    secret: true,
    beyondSchema: true,
  },
];

/** Every broken roles.yaml, and everything said about it. */
export const BAD_ROLES_FILES: readonly BadFile[] = [
  ...BAD_DOCUMENTS,
  ...BAD_KEYS,
  ...BAD_NAMES,
  ...BAD_VALUES,
  ...BAD_GRANTS,
  ...BAD_CONTRADICTIONS,
  ...BAD_ENVIRONMENTS,
  ...BAD_DUTIES,
  ...BAD_SECRETS,
];
