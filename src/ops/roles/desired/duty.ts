import { maskOf, type Mask } from '../rights/privilege.ts';

/**
 * What a role whose duty is to verify is to have, and others are not: what `dbctl verify --print-grants` writes besides rights in schema dbctl. A
 * test compares the two, so that a check which needs more adds to it here.
 */
export const VERIFY_MEMBERSHIPS: readonly string[] = ['pg_read_all_settings', 'pg_read_all_stats'];

/** By name, with the privileges. */
export const VERIFY_OBJECTS: Readonly<Record<string, Mask>> = {
  'pg_catalog.pg_file_settings': maskOf('SELECT'),
  'pg_catalog.pg_hba_file_rules': maskOf('SELECT'),
  'pg_catalog.pg_hba_file_rules()': maskOf('EXECUTE'),
  'pg_catalog.pg_show_all_file_settings()': maskOf('EXECUTE'),
};

/** What whoever verifies is to have of an object of the server, such as `pg_catalog.pg_hba_file_rules()`; 0: nothing. */
export function verifyRights(name: string): Mask {
  return VERIFY_OBJECTS[name] ?? 0;
}
