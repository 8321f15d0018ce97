import type * as z from 'zod';
import { identifier, path, qualifiedName } from './forms.ts';
import { choice, listOf, listOfDistinct, section, text } from './values.ts';

/** Shapes of columns and keys by which DDL elsewhere, or a foreign key, could change what protected rows say. */
export const UNSAFE_SHAPES = ['enum', 'composite', 'domain', 'virtual-column', 'large-object', 'cascade', 'inheritance'] as const;
export type UnsafeShape = (typeof UNSAFE_SHAPES)[number];

const roles = () => listOf(identifier(), 'a list of roles');

const protectedTable = section({
  table: qualifiedName().describe('The table, with its schema. Its partitions are protected with it.'),
  generated: listOf(identifier(), 'a list of columns')
    .prefault([])
    .describe(
      'Columns only the database fills (ids, times, transaction ids): nobody is granted insert on them, so nobody forges them.',
    ),
  accept: listOf(choice(UNSAFE_SHAPES) as unknown as z.ZodType<string>, 'a list of unsafe shapes')
    .prefault([])
    .describe(`Unsafe shapes this table may keep: ${UNSAFE_SHAPES.join(', ')}. Each stays a finding of low severity.`),
  probe: text('SQL', /\S/, 'SQL that inserts one valid row')
    .optional()
    .describe(
      'SQL that inserts one valid row, its last statement into the table itself; the self-test runs it and rolls it back.',
    ),
});

const tables = listOfDistinct(protectedTable, 'table', 'a list of tables');

export const immutability = section({
  owner: identifier()
    .prefault('dbctl_protected')
    .describe('Role that owns the protected tables: nobody logs in as it and nobody is a member of it.'),
  runbook: path()
    .prefault('runbooks/immutability-violation.md')
    .describe('What the message of a refused attempt refers to, relative to the folder of dbctl.yaml.'),
  partition_creators: roles().prefault([]).describe('Roles that may call dbctl.create_partition().'),
  unlockers: roles().prefault([]).describe('Roles that may ask for, approve and use an emergency unlock; two people are needed.'),
  archivers: roles()
    .prefault([])
    .describe('Roles that may fence partitions, record copies of them, and remove what somebody else has read back.'),
  archive_verifiers: roles()
    .prefault([])
    .describe('Roles that may record that a copy was read back; what a role exported itself it cannot verify.'),
  tables: tables.prefault([]).describe('Append-only tables.'),
});
