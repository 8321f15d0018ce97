/** What a hosting company runs its own work as: it cannot be changed by whoever rents the server. */
export interface VendorRoles {
  readonly name: string;
  /** Names of the first superuser there, which has oid 10 and cannot be given to another role. */
  readonly superusers: readonly string[];
  /** A setting that only this vendor's servers have. */
  readonly setting: string;
  readonly roles: readonly string[];
}

/**
 * A name alone excuses nobody: these roles count as the vendor's on a server whose first superuser or settings are the vendor's. From
 * the vendors' own pages on users and roles; none of them was tried.
 */
export const VENDOR_ROLES: readonly VendorRoles[] = [
  {
    name: 'RDS',
    superusers: ['rdsadmin'],
    setting: 'rds.extensions',
    roles: ['rdsadmin', 'rds_superuser', 'rds_replication', 'rds_password', 'rds_iam', 'rds_ad', 'rdsrepladmin', 'rdstopmgr'],
  },
  {
    name: 'Azure',
    superusers: ['azuresu', 'azure_superuser'],
    setting: 'azure.extensions',
    roles: ['azuresu', 'azure_superuser', 'azure_pg_admin', 'replication'],
  },
  {
    name: 'Cloud SQL',
    superusers: ['cloudsqladmin'],
    setting: 'cloudsql.iam_authentication',
    roles: [
      'cloudsqladmin',
      'cloudsqlsuperuser',
      'cloudsqlagent',
      'cloudsqlreplica',
      'cloudsqlimportexport',
      'cloudsqliamserviceaccount',
      'cloudsqliamuser',
    ],
  },
  {
    name: 'Supabase',
    superusers: ['supabase_admin'],
    setting: 'supautils.privileged_role',
    roles: [
      'supabase_admin',
      'supabase_replication_admin',
      'supabase_etl_admin',
      'supabase_read_only_user',
      'supabase_auth_admin',
      'supabase_storage_admin',
      'supabase_realtime_admin',
      'supabase_functions_admin',
      'supabase_privileged_role',
      'pgbouncer',
      'dashboard_user',
      'service_role',
    ],
  },
];
