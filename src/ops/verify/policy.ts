import { versionNumber } from '../../core/pin.ts';
import type { RolesFile } from '../../config/roles/load.ts';
import { THRESHOLDS, type Thresholds } from './thresholds.ts';
import { LIMITS, limitsFrom, type Limits, type LimitSource } from './limits.ts';
import { guardPolicyFrom, type GuardPolicy, type GuardPolicySource } from './guard-policy.ts';
import { rolePolicy, type AllowSource, type RolePolicy } from './role-policy.ts';
import { VENDOR_ROLES, type VendorRoles } from './vendor-roles.ts';

/** What the checks compare a server with; every value is trusted and ready to be bound. null: not declared, its checks are skipped. */
export interface Policy extends RolePolicy {
  /** As `server_version_num`. */
  readonly pin: number;
  readonly requiredExtensions: readonly string[];
  /** Allowed besides the required ones. */
  readonly allowedExtensions: readonly string[];
  /** Schema that holds the objects of extensions. */
  readonly extensionSchema: string;
  /** Libraries that may stand in shared_preload_libraries besides those the allowed extensions need. */
  readonly allowedLibraries: readonly string[];
  /** Whose roles are left alone. */
  readonly vendors: readonly VendorRoles[];
  readonly timezone: string;
  /** Every spelling of `timezone` that means the same zone, in lower case. */
  readonly timezones: readonly string[];
  readonly encoding: string;
  readonly localeProvider: 'builtin' | 'icu' | 'libc';
  readonly locale: string;
  readonly icuRules: string;
  /** Wanted lc_* settings by name; lc_messages is English or C where it is not named. */
  readonly lcSettings: Readonly<Record<string, string>>;
  /** What was done after an update, as `NAME on RELEASE`. */
  readonly doneAfterUpdate: readonly string[];
  /** Settings the server must have, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Append-only tables and what guards them. */
  readonly guards: GuardPolicy | null;
  /** A profile may draw them elsewhere. */
  readonly thresholds: Thresholds;
  readonly limits: Limits;
  /** Roles of people, and groups they are in. */
  readonly people: readonly string[];
}

/** The part of the configuration (contract C5) a policy is made of. */
export interface PolicySource {
  readonly postgres: {
    readonly version: string;
    readonly extensions: { readonly required: readonly string[]; readonly allowed: readonly string[]; readonly schema: string };
    readonly timezone: string;
    readonly locale: { readonly provider: Policy['localeProvider']; readonly name: string; readonly encoding: string };
  };
  readonly immutability?: GuardPolicySource;
  readonly verify?: {
    readonly allow?: AllowSource;
    readonly done_after_update?: readonly string[];
    readonly settings?: Readonly<Record<string, string>>;
    readonly limits?: LimitSource;
    readonly people?: readonly string[];
  };
}

/** What dbctl.yaml allows where it says nothing. */
export const NOBODY: AllowSource = {
  superusers: [],
  createrole: [],
  createdb: [],
  bypassrls: [],
  replication: [],
  server_access: [],
  database_creators: [],
  libraries: [],
};

/** The policy a configuration asks for, with roles.yaml where the project has one. `today`, as YYYY-MM-DD: exceptions end. */
export function policyFrom(
  { postgres, immutability, verify }: PolicySource,
  roles: RolesFile | null = null,
  today = '9999-12-31',
): Policy {
  const allow = verify?.allow ?? NOBODY;
  const { version, extensions, timezone, locale } = postgres;
  return Object.freeze({
    pin: versionNumber(version),
    requiredExtensions: extensions.required,
    allowedExtensions: extensions.allowed,
    extensionSchema: extensions.schema,
    allowedLibraries: allow.libraries,
    ...rolePolicy(roles, allow, today),
    vendors: VENDOR_ROLES,
    timezone,
    timezones: timezoneSpellings(timezone),
    encoding: locale.encoding,
    localeProvider: locale.provider,
    locale: locale.name,
    icuRules: '',
    lcSettings: {},
    doneAfterUpdate: verify?.done_after_update ?? [],
    settings: verify?.settings ?? {},
    guards: guardPolicyFrom(immutability),
    thresholds: THRESHOLDS,
    limits: verify?.limits === undefined ? LIMITS : limitsFrom(verify.limits),
    people: verify?.people ?? [],
  });
}

/**
 * Names of UTC in the time zone database, and the POSIX spellings PostgreSQL keeps (`set time zone 0` is stored as <+00>-00). A zone
 * whose offset happens to be 0 today (London in winter) is none of them. initdb writes Etc/UTC in a UTC container.
 */
const UTC = ['UTC', 'UCT', 'GMT', 'Universal', 'Zulu', 'Greenwich', 'GMT0', 'GMT+0', 'GMT-0']
  .flatMap((name) => [name, `Etc/${name}`])
  .concat('UTC0', 'UTC+0', 'UTC-0', 'UTC+00', 'GMT+00', '<UTC>0', '<+00>-00', '<+00>+00', '<-00>+00', '<+00>0')
  .concat('+00:00', '-00:00', '+00', '0')
  .map((name) => name.toLowerCase());

/** Every way to write the zone, in lower case: PostgreSQL compares zone names without case. */
export function timezoneSpellings(timezone: string): readonly string[] {
  const name = timezone.toLowerCase();
  return UTC.includes(name) ? UTC : [name];
}
