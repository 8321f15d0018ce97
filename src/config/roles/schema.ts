import * as z from 'zod';
import { environmentName, path, variableName } from '../forms.ts';
import { choice, kinds, listOf, oneNumberOf, section, text, wholeNumber, yesOrNo } from '../values.ts';
import { grant } from './grant.ts';
import { anyName, day, groupName, parameterName, presetName, reason, roleName, tableName } from './names.ts';
import { RELATION_PRIVILEGES, SEQUENCE_PRIVILEGES, words } from './privileges.ts';

const preset = section({
  table: words(RELATION_PRIVILEGES, 'a list of privileges').prefault([]).describe('On tables, partitioned and foreign ones too.'),
  view: words(RELATION_PRIVILEGES, 'a list of privileges').prefault([]).describe('On views and materialized views.'),
  sequence: words(SEQUENCE_PRIVILEGES, 'a list of privileges').prefault([]).describe('On sequences.'),
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
  duty: choice(['verify'])
    .optional()
    .describe(
      'What it is made for. verify: to look at servers, and what `dbctl verify --print-grants` writes is no finding of `dbctl roles audit` where this file grants it.',
    ),
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
    .describe(
      'Roles that run roles apply without being superuser: ADMIN on the roles of this file is no finding with them and with those who inherit one, and CONNECT follows.',
    ),
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
