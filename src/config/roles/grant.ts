import { identifier } from '../forms.ts';
import { listOf, section, yesOrNo } from '../values.ts';
import { anyName, parameterName, pattern, presetName, routinePattern } from './names.ts';
import { PRIVILEGES, words } from './privileges.ts';

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

const COLUMN_PRIVILEGES = ['select', 'insert', 'update', 'references'] as const;
type ColumnPrivilege = (typeof COLUMN_PRIVILEGES)[number];

const columns = (what: string) => listOf(anyName('column'), 'a list of columns', 1).optional().describe(what);

/** What a role is granted, and on what. */
export const grant = section({
  on: listOf(pattern(), 'a list of tables and views', 1)
    .optional()
    .describe(
      'Tables and views. A pattern takes views only where a preset says what they get, and no partitions: the right on their table is enough. One that is named is granted by itself.',
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
  const problem = grantProblem(value);
  if (problem !== undefined)
    issues.push({ code: 'custom', input: value, path: [], message: problem.message, params: { absent: problem.absent ?? [] } });
});

/** What is wrong with a grant as a whole; `absent` are keys of which one has to be there. */
interface GrantProblem {
  readonly message: string;
  readonly absent?: readonly string[];
}

type Grant = Partial<Record<GrantSubject | ColumnPrivilege | 'use' | 'privileges' | 'except', unknown>> & {
  readonly on?: readonly string[] | undefined;
  readonly sequences?: readonly string[] | undefined;
  readonly routines?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly future: boolean;
};

/** The first thing that is wrong: the others may follow from it. */
function grantProblem(grant: Grant): GrantProblem | undefined {
  const [subject, ...others] = GRANT_SUBJECTS.filter((one) => grant[one] !== undefined);
  if (subject === undefined)
    return { message: `names nothing: write one of ${GRANT_SUBJECTS.join(', ')}`, absent: GRANT_SUBJECTS };
  if (others.length > 0) return { message: `names ${[subject, ...others].join(' and ')}: write a grant for each` };
  return (
    futureProblem(subject, grant) ?? (grant.on === undefined ? strayProblem(subject, grant) : relationProblem(grant.on, grant))
  );
}

function futureProblem(subject: GrantSubject, { future, on, sequences, routines, types }: Grant): GrantProblem | undefined {
  const named = on ?? sequences ?? routines ?? types ?? [];
  if (!future || named.every((one) => /^(?:[^*"]+|"[^"]+")\.\*$/.test(one))) return undefined;
  return { message: `future needs schema.* in ${subject}, since default privileges are those of a schema` };
}

/** Keys that mean something for tables and views alone; of what patterns name also except and future do. */
function strayProblem(subject: GrantSubject, grant: Grant): GrantProblem | undefined {
  const stray = [
    ...columnKeys(grant),
    ...(grant.use === undefined ? [] : ['use']),
    ...(grant.except === undefined || PATTERNED.includes(subject) ? [] : ['except']),
    ...(!grant.future || PATTERNED.includes(subject) ? [] : ['future']),
  ];
  return stray.length === 0 ? undefined : { message: `${stray.join(' and ')} ${stray.length === 1 ? 'goes' : 'go'} with on` };
}

/** What is granted on tables and views is said in one way of three. */
function relationProblem(on: readonly string[], grant: Grant): GrantProblem | undefined {
  const columned = columnKeys(grant);
  const besidesUse = [...(grant.privileges === undefined ? [] : ['privileges']), ...columned];
  if (grant.use === undefined && besidesUse.length === 0)
    return { message: 'says on what and not what: write use, privileges, or columns', absent: ['use', 'privileges'] };
  if (grant.use !== undefined && besidesUse.length > 0)
    return { message: `use stands alone, without ${besidesUse.join(' and ')}` };
  const isOneTable = on.length === 1 && on[0]?.replaceAll(/"(?:[^"]|"")*"/g, '').includes('*') !== true;
  return columned.length > 0 && !isOneTable ? { message: 'columns are those of one table: name it, without *' } : undefined;
}

const columnKeys = (grant: Grant): ColumnPrivilege[] => COLUMN_PRIVILEGES.filter((key) => grant[key] !== undefined);
