import { targetsJsonSchema } from '../json-schema.ts';
import { schemaTable, type TableSchema } from '../schema-table.ts';

/** The reference of targets.yaml: a Markdown table of every key, its type, default and meaning. */
export const targetsReference = (): string => schemaTable(targetsJsonSchema() as TableSchema);

/** What the page says above the table. */
export const TARGETS_REFERENCE_HEAD =
  'What stands where in an inventory, the file that `--targets` names; what it is for is in [scale.md](scale.md). The same for editors: ' +
  '`dbctl config schema --of targets.yaml`. No URL stands in it, with a password or without: only where one is kept.';
