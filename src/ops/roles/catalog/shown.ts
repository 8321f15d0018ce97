/**
 * Objects of the server, by their name in pg_catalog, that show what its configuration files say and change nothing. Superusers alone have them as
 * the server comes, and a role that looks at servers is to have some: roles.yaml can grant these as it grants objects of a project, and takes them
 * away from roles of it that it does not grant them to.
 */
export const SHOWN_OBJECTS: readonly string[] = [
  'pg_file_settings',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_show_all_file_settings',
];
