/** Who runs the server, as far as a session can tell; it decides how a fix is written. */
export const VENDORS = ['self-hosted', 'container', 'rds', 'aurora', 'cloud-sql', 'azure', 'supabase'] as const;
export type Vendor = (typeof VENDORS)[number];

/** A service that keeps the server's files and its superuser to itself: `alter system` and a shell are not there. */
export type ManagedVendor = Exclude<Vendor, 'self-hosted' | 'container'>;

export const VENDOR_NAMES: Readonly<Record<Vendor, string>> = {
  'self-hosted': 'self-hosted',
  container: 'a container',
  rds: 'Amazon RDS',
  aurora: 'Amazon Aurora',
  'cloud-sql': 'Google Cloud SQL',
  azure: 'Azure Database for PostgreSQL, flexible server',
  supabase: 'Supabase',
};

export function isManaged(vendor: Vendor): vendor is ManagedVendor {
  return vendor !== 'self-hosted' && vendor !== 'container';
}

/** What one look at the server found of the marks below. */
export interface VendorFacts {
  /** The session's role is a superuser. */
  readonly superuser: boolean;
  /** Name of the role that initdb made, which is that of the service where one did; no dump brings it. */
  readonly firstSuperuser: string;
  /** Those of ROLE_MARKS that exist. */
  readonly roles: readonly string[];
  /** Those of SETTING_MARKS that have a value. */
  readonly settings: readonly string[];
  /** The function aurora_version() exists. */
  readonly aurora: boolean;
  /** null where the role may not see it. */
  readonly dataDirectory: string | null;
}

export interface RecognisedVendor {
  readonly vendor: Vendor;
  /** What it was recognised by, for the reader to judge. */
  readonly evidence: string;
}

interface Marks {
  /** Both must be there, the second as the first superuser: a dump of a service's roles brings their names to any server. */
  readonly roles: readonly [admin: string, firstSuperuser: string];
  /** Of its own modules, so that one is enough; none where it is not known that every role may read it. */
  readonly setting: string | null;
}

/** From the services' own pages, see docs/extensions.md; none was tried on the service itself. */
const MARKS: Readonly<Record<Exclude<ManagedVendor, 'aurora'>, Marks>> = {
  rds: { roles: ['rds_superuser', 'rdsadmin'], setting: 'rds.extensions' },
  'cloud-sql': { roles: ['cloudsqlsuperuser', 'cloudsqladmin'], setting: null },
  azure: { roles: ['azure_pg_admin', 'azuresu'], setting: 'azure.extensions' },
  supabase: { roles: ['supabase_auth_admin', 'supabase_admin'], setting: null },
};

export const ROLE_MARKS: readonly string[] = Object.values(MARKS).flatMap(({ roles }) => roles);
export const SETTING_MARKS: readonly string[] = Object.values(MARKS).flatMap(({ setting }) => setting ?? []);

/** Where the official image (from 18 on under the major version), CloudNativePG and Bitnami keep the data. */
const CONTAINER_DATA = /^(\/var\/lib\/postgresql\/(data(\/pgdata)?|\d+\/docker)|\/bitnami\/postgresql\/data)$/;

/** Pure. A superuser is self-hosted whatever its roles are called: no managed service gives one away, and `alter system` works. */
export function recogniseVendor(facts: VendorFacts): RecognisedVendor {
  for (const [vendor, marks] of Object.entries(MARKS) as [keyof typeof MARKS, Marks][]) {
    const evidence = facts.superuser ? null : evidenceOf(marks, facts);
    if (evidence !== null)
      return vendor === 'rds' && facts.aurora
        ? { vendor: 'aurora', evidence: `${evidence}; function aurora_version()` }
        : { vendor, evidence };
  }
  if (facts.dataDirectory !== null && CONTAINER_DATA.test(facts.dataDirectory))
    return { vendor: 'container', evidence: `data directory ${facts.dataDirectory}, where images keep it` };
  return { vendor: 'self-hosted', evidence: facts.superuser ? 'the session is a superuser' : 'no mark of a managed service' };
}

function evidenceOf({ roles, setting }: Marks, facts: VendorFacts): string | null {
  const found = [
    ...(setting !== null && facts.settings.includes(setting) ? [`setting ${setting}`] : []),
    ...(roles.every((role) => facts.roles.includes(role)) && facts.firstSuperuser === roles[1]
      ? [`role ${roles[0]}, and ${roles[1]} as the first superuser`]
      : []),
  ];
  return found.length === 0 ? null : found.join('; ');
}

/** What a report says about it, and of the profile made for it where another is used; null for what is usual. */
export function vendorSentence({ vendor, evidence }: RecognisedVendor, profile: string): string | null {
  if (vendor === 'self-hosted') return null;
  const sentence = `The server looks like ${VENDOR_NAMES[vendor]} (${evidence})`;
  if (!isManaged(vendor)) return `${sentence}.`;
  const advice = profile === 'baseline' ? ' --profile managed leaves out what no customer sees or changes there.' : '';
  return `${sentence}: fixes are written for it, and not tried there.${advice}`;
}
