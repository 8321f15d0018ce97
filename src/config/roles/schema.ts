import * as z from 'zod';
import { environmentName, identifier, path, variableName } from '../forms.ts';
import { choice, kinds, listOf, oneNumberOf, section, text, wholeNumber, yesOrNo } from '../values.ts';

/** The privileges as people write them. */
const RELATION_PRIVILEGES = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'] as const;
const SEQUENCE_PRIVILEGES = ['usage', 'select', 'update'] as const;
/** Those of every kind, for `privileges` of a grant: which of them a kind has is asked when the file is put together. */
const PRIVILEGES = [...RELATION_PRIVILEGES, 'usage', 'create', 'temporary', 'connect', 'execute', 'set', 'alter system'] as const;

const words = <const Words extends readonly [string, ...string[]]>(allowed: Words, expected: string) =>
  listOf(choice(allowed) as unknown as z.ZodType<Words[number]>, expected);

/** A name or pattern; in double quotes whatever a name can be, such as "We ird". */
const NAME = '(?:[A-Za-z_*][A-Za-z0-9_$*]*|"(?:[^"\\0]|"")+")';
/** The same without *. */
const TABLE = '(?:[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"\\0]|"")+")';
const ROLE = /^(?!pg_)[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

const pattern = () =>
  text('pattern', new RegExp(`^${NAME}\\.${NAME}$`), 'a pattern such as app.orders or app.*, in which * stands for any letters');
const routinePattern = () =>
  text(
    'pattern',
    new RegExp(`^${NAME}\\.${NAME}(?:\\([^()]*\\))?$`),
    'a routine such as app.place_order(bigint, numeric), or a pattern such as app.*',
  );
const tableName = () =>
  text('schema.table', new RegExp(`^${TABLE}\\.${TABLE}$`), 'a table with its schema such as app.orders or app."We ird"');
/** As the catalog has it, in whatever script: dbctl quotes it. */
const anyName = (what: string) => text('name', /^[\p{L}\p{N}_][^\p{C}.]{0,62}$/u, `the name of a ${what}, up to 63 letters`);
const roleName = () => text('role', ROLE, 'the name of a role, up to 63 letters, digits and _, which does not begin with pg_');
const groupName = () => text('role', /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/, 'the name of a role');
const parameterName = () =>
  text('parameter', /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$/, 'the name of a parameter such as statement_timeout');
const presetName = () => text('preset', /^[a-z][a-z0-9_-]*$/, 'the name of a preset such as read');
const reason = () => text('text', /^\S.{9,999}$/s, 'a text of 10 characters at least');
const day = () =>
  text('day', /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day such as 2027-03-31, in quotes').refine(isDay, {
    error: 'there is no such day',
  });

/** 31 February is read as a day of March. */
function isDay(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().startsWith(value);
}

const preset = section({
  table: words(RELATION_PRIVILEGES, 'a list of privileges').prefault([]).describe('On tables, partitioned and foreign ones too.'),
  view: words(RELATION_PRIVILEGES, 'a list of privileges').prefault([]).describe('On views and materialized views.'),
  sequence: words(SEQUENCE_PRIVILEGES, 'a list of privileges').prefault([]).describe('On sequences.'),
});

const columns = (what: string) => listOf(anyName('column'), 'a list of columns', 1).optional().describe(what);

/** What a grant can be about; each names its objects. */
export const GRANT_SUBJECTS = [
  'on',
  'sequences',
  'routines',
  'types',
  'schemas',
  'database',
  'languages',
  'foreign_servers',
  'foreign_data_wrappers',
  'tablespaces',
  'parameters',
] as const;
/** Besides on, what is named by patterns. */
const PATTERNED: readonly string[] = ['sequences', 'routines', 'types'];
export type GrantSubject = (typeof GRANT_SUBJECTS)[number];

const grant = section({
  on: listOf(pattern(), 'a list of tables and views', 1)
    .optional()
    .describe(
      'Tables and views. A pattern takes views only where a preset says what they get; partitions are reached through their table.',
    ),
  sequences: listOf(pattern(), 'a list of sequences', 1)
    .optional()
    .describe('Sequences; those of serial columns follow INSERT by themselves.'),
  routines: listOf(routinePattern(), 'a list of routines', 1).optional().describe('Functions and procedures; EXECUTE.'),
  types: listOf(pattern(), 'a list of types', 1).optional().describe('Types and domains; USAGE.'),
  schemas: listOf(anyName('schema'), 'a list of schemas', 1)
    .optional()
    .describe('Schemas, for CREATE; USAGE follows what is granted inside.'),
  database: words(['temporary', 'create'], 'a list of privileges')
    .optional()
    .describe('What the role may do in the database besides CONNECT, which follows from login.'),
  languages: listOf(identifier(), 'a list of languages', 1).optional().describe('Languages; USAGE.'),
  foreign_servers: listOf(identifier(), 'a list of foreign servers', 1).optional().describe('Foreign servers; USAGE.'),
  foreign_data_wrappers: listOf(identifier(), 'a list of foreign data wrappers', 1)
    .optional()
    .describe('Foreign data wrappers; USAGE.'),
  tablespaces: listOf(identifier(), 'a list of tablespaces', 1).optional().describe('Tablespaces; CREATE.'),
  parameters: listOf(parameterName(), 'a list of parameters', 1)
    .optional()
    .describe('Parameters; SET unless privileges says otherwise.'),
  use: presetName().optional().describe('With on: what tables, views and sequences of that name get.'),
  privileges: words(PRIVILEGES, 'a list of privileges').optional().describe('Instead of use: these privileges.'),
  select: columns('With one table in on: SELECT on these columns alone.'),
  insert: columns('With one table in on: INSERT on these columns alone.'),
  update: columns('With one table in on: UPDATE on these columns alone.'),
  references: columns('With one table in on: REFERENCES on these columns alone.'),
  except: listOf(pattern(), 'a list of tables and views', 1).optional().describe('What a pattern of on leaves out.'),
  future: yesOrNo()
    .prefault(false)
    .describe('Also for what creators make later, by default privileges of the schema: what is named has to be schema.* then.'),
}).check(({ value, issues }) => {
  const named = GRANT_SUBJECTS.filter((subject) => value[subject] !== undefined);
  const broken = (message: string, absent: readonly string[] = []): void => {
    issues.push({ code: 'custom', input: value, path: [], message, params: { absent } });
  };
  if (named.length === 0) return broken(`names nothing: write one of ${GRANT_SUBJECTS.join(', ')}`, GRANT_SUBJECTS);
  if (named.length > 1) return broken(`names ${named.join(' and ')}: write a grant for each`);
  const columned = (['select', 'insert', 'update', 'references'] as const).filter((key) => value[key] !== undefined);
  const ways = [value.use === undefined ? [] : ['use'], value.privileges === undefined ? [] : ['privileges'], columned].flat();
  const futures = value.on ?? value.sequences ?? value.routines ?? value.types ?? [];
  if (value.future && futures.length > 0 && !futures.every((one) => /^(?:[^*"]+|"[^"]+")\.\*$/.test(one)))
    return broken(`future needs schema.* in ${named[0]}, since default privileges are those of a schema`);
  if (value.on === undefined) {
    const stray = [
      ...columned,
      ...(['use', 'except'] as const).filter((key) => value[key] !== undefined),
      ...(value.future ? ['future'] : []),
    ];
    const wrong = PATTERNED.includes(named[0] ?? '') ? stray.filter((key) => key !== 'except' && key !== 'future') : stray;
    if (wrong.length > 0) broken(`${wrong.join(' and ')} ${wrong.length === 1 ? 'goes' : 'go'} with on`);
    return;
  }
  if (ways.length === 0) return broken('says on what and not what: write use, privileges, or columns', ['use', 'privileges']);
  if (value.use !== undefined && ways.length > 1)
    return broken(`use stands alone, without ${ways.filter((way) => way !== 'use').join(' and ')}`);
  if (columned.length > 0 && (value.on.length !== 1 || value.on[0]?.replaceAll(/"(?:[^"]|"")*"/g, '').includes('*') === true))
    return broken('columns are those of one table: name it, without *');
});

const membership = section({
  inherit: yesOrNo().describe('Has its privileges without doing anything.'),
  set: yesOrNo().describe('May become it by SET ROLE.'),
  admin: yesOrNo().describe('May grant it, itself included: it can always come to have all of it.'),
});

const settings = () =>
  z
    .record(parameterName(), z.union([z.string(), z.number(), z.boolean()], { error: 'expected a value as SET takes it' }), {
      error: 'expected a mapping',
    })
    .register(kinds, { name: 'parameter: value', reads: 'list' });

const password = section({
  variable: variableName().optional().describe('Environment variable that holds it when the roles are applied.'),
  file: path().optional().describe('File of mode 0600 that holds it, relative to the folder of this file.'),
}).refine((value) => (value.variable === undefined) !== (value.file === undefined), {
  error: 'names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
  params: { absent: ['variable', 'file'] },
  when: ({ value }) => typeof value === 'object' && value !== null,
});

const role = section({
  purpose: reason().describe('What it is for, to whoever reviews access.'),
  login: yesOrNo().prefault(false).describe('May connect. CONNECT on the database follows.'),
  logins: listOf(roleName(), 'a list of two roles', 2)
    .optional()
    .describe(
      'Instead of login: two roles that log in and inherit this one, so that a password is changed while nobody uses it.',
    ),
  attributes: words(['superuser', 'createdb', 'createrole', 'replication', 'bypassrls'], 'a list of attributes')
    .prefault([])
    .describe('Attributes of the role: superuser, createdb, createrole, replication, bypassrls.'),
  connection_limit: wholeNumber(0, 262_143).optional().describe('Connections at once of each login; without it no limit.'),
  valid_until: day().optional().describe('Last day on which its password is good, in UTC.'),
  password: password.optional().describe('Where its password is; without it passwords are left as they are.'),
  member_of: z
    .record(groupName(), membership, { error: 'expected a mapping' })
    .prefault({})
    .describe('Roles it is a member of, with all three options written out.'),
  settings: settings().prefault({}).describe('Parameters each session of it begins with, as ALTER ROLE … SET takes them.'),
  grants: z.array(grant, { error: 'expected a list of grants' }).prefault([]).describe('What it may do; all else is taken away.'),
}).check(({ value, issues }) => {
  if (value.login && value.logins !== undefined)
    issues.push({
      code: 'custom',
      input: value,
      path: [],
      message: 'has login and logins: with logins the role itself is a group',
    });
});

const rowSecurity = section({
  enabled: yesOrNo().prefault(true).describe('ENABLE ROW LEVEL SECURITY.'),
  forced: yesOrNo().prefault(true).describe('FORCE ROW LEVEL SECURITY: the owner too is held to the policies.'),
  policies: listOf(anyName('policy'), 'a list of policies', 1).describe('Names of its policies, all of them.'),
});

const exception = section({
  id: text('id', /^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'an id such as EX-7').describe('What reports call it.'),
  role: groupName().describe('Whom it is for; PUBLIC for everybody.'),
  grant: grant.optional().describe('What the role has besides its grants, as long as the exception lasts.'),
  accept: text('finding', /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'the id of a finding such as role-reads-passwords')
    .optional()
    .describe('Instead of grant: a finding about the role that is accepted.'),
  object: text('object', /\S/, 'the object of the finding').optional().describe('With accept: of this object alone.'),
  environments: listOf(environmentName(), 'a list of environments', 1)
    .optional()
    .describe('Where it holds; without it everywhere.'),
  reason: reason().describe('Why.'),
  owner: text('name', /\S/, 'who answers for it').describe('Who answers for it.'),
  expires: day().describe('Last day on which it holds, in UTC; then its grants are taken away and its finding counts.'),
}).refine((value) => (value.grant === undefined) !== (value.accept === undefined), {
  error: 'says grant or accept, and one of them alone',
  params: { absent: ['grant', 'accept'] },
  when: ({ value }) => typeof value === 'object' && value !== null,
});

/** What may differ from one environment to the next: never who may do what. */
const overlay = section({
  roles: z
    .record(
      roleName(),
      section({
        connection_limit: role.shape.connection_limit,
        valid_until: role.shape.valid_until,
        password: role.shape.password,
        settings: settings().optional().describe('Parameters that differ; the others stay.'),
      }),
      { error: 'expected a mapping' },
    )
    .prefault({})
    .describe(
      'Limits, passwords and settings of roles that differ here. Rights do not: an exception says those, and for how long.',
    ),
});

/** roles.yaml as a person writes it. Every key has its meaning with it: JSON Schema and reference are made of them. */
export const rolesFile = section({
  version: oneNumberOf([1]).describe('Version of this file format.'),
  owner: roleName().describe('Role that owns the schemas and what is in them; nobody logs in as it.'),
  schemas: listOf(anyName('schema'), 'a list of schemas', 1).describe('Schemas whose objects this file decides about.'),
  creators: listOf(roleName(), 'a list of roles')
    .optional()
    .describe('Roles that make objects, for which default privileges are set; without it owner.'),
  administrators: listOf(groupName(), 'a list of roles')
    .prefault([])
    .describe('Roles that run roles apply without being superuser: ADMIN on the roles of this file is no finding with them.'),
  others: choice(['report', 'ignore'])
    .prefault('report')
    .describe('Roles of the cluster that this file does not name: whether rights of theirs in these schemas are a finding.'),
  presets: z
    .record(presetName(), preset, { error: 'expected a mapping' })
    .prefault({
      read: { table: ['select'], view: ['select'] },
      write: { table: ['select', 'insert', 'update', 'delete'] },
      append: { table: ['select', 'insert'] },
    })
    .describe('Names for sets of privileges, by kind of object.'),
  public: section({
    grants: z
      .array(grant, { error: 'expected a list of grants' })
      .prefault([{ types: ['*.*'] }])
      .describe('What everybody may do. All else that PUBLIC has by default is taken away: CONNECT, TEMPORARY, EXECUTE.'),
  })
    .prefault({})
    .describe('PUBLIC, which every role is a member of.'),
  roles: z.record(roleName(), role, { error: 'expected a mapping' }).describe('The roles, by name.'),
  row_security: z
    .record(tableName(), rowSecurity, { error: 'expected a mapping' })
    .prefault({})
    .describe('Tables with row-level security, and the names of their policies.'),
  exceptions: z.array(exception, { error: 'expected a list of exceptions' }).prefault([]).describe('What is allowed for a time.'),
  environments: z
    .record(environmentName(), overlay, { error: 'expected a mapping' })
    .prefault({})
    .describe('What differs in an environment of dbctl.yaml.'),
});

/** The file once checked, defaults filled in. */
export type CheckedRolesFile = z.output<typeof rolesFile>;
export type CheckedRole = CheckedRolesFile['roles'][string];
export type CheckedGrant = CheckedRole['grants'][number];
