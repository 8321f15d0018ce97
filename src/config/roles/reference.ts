import { rolesJsonSchema } from '../json-schema.ts';
import { schemaTable, type TableSchema } from '../schema-table.ts';

/** The grants of a role are described once. */
const GRANTS = 'roles.<name>.grants[]';
const ALSO_GRANTS: readonly string[] = ['public.grants[]', 'exceptions[].grant'];

/** The reference of roles.yaml: a Markdown table of every key, its type, default and meaning. */
export const rolesReference = (): string => schemaTable(rolesJsonSchema() as TableSchema, ALSO_GRANTS);

/** What the page says above the table. */
export const ROLES_REFERENCE_HEAD = [
  'What stands where in `roles.yaml`; what it means for a database is in [roles.md](roles.md). The same for editors: `dbctl config schema --of roles.yaml`.',
  '',
  'Names are as the catalog has them, capitals and all: nothing is folded to lower case, and dbctl quotes what it has to. In a pattern a part in ' +
    'double quotes is meant as it stands, so that any name can be written: `\'app."We ird"\'`. Names of roles are plain.',
  '',
  `Keys of a grant are those of \`${GRANTS}\` wherever one stands: also in \`public.grants\` and in an exception.`,
].join('\n');
