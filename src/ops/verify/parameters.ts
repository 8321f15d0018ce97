import type { Session } from '../../db/session.ts';
import type { Advisories } from './advisories.ts';
import { factValue, type Facts } from './facts.ts';
import type { Policy } from './policy.ts';

/** What a check may ask for in `--! params:` besides the policy: the moment of the run. */
export interface Moment {
  /** The client's clock, just before the query is sent. */
  readonly now: Date;
  /** How long a message to the server and its answer take, in milliseconds. */
  readonly roundTripMs: number;
}

/** What the client sees of its own connection, and the server cannot tell. */
export type OwnConnection = Pick<Session, 'host' | 'encrypted' | 'crossesNetwork' | 'peer'>;

export interface ParameterValues {
  readonly connection: OwnConnection;
  readonly policy: Policy;
  readonly advisories: Advisories;
  readonly moment: Moment;
  readonly facts?: Facts;
}

export interface Parameter {
  /** The SQL type the placeholder is cast to, so that several checks in one query agree on it. */
  readonly type: string;
  readonly value: (values: ParameterValues) => unknown;
  /** Where it is declared, or comes from. A check is skipped, naming this, while its value is null. */
  readonly setting: string;
  /** A fact of the run and the machine it is made on, and no policy: another value asks no other question. */
  readonly ofTheRun?: true;
}

/** Every name `--! params:` may use, with its SQL type. */
export const PARAMETERS = {
  pin: { type: 'int4', setting: 'postgres.version', value: ({ policy }) => policy.pin },
  advisories: {
    type: 'jsonb',
    setting: "dbctl's table of releases and vulnerabilities",
    value: ({ advisories }) => JSON.stringify(advisories),
  },
  now: { type: 'timestamptz', setting: "this machine's clock", ofTheRun: true, value: ({ moment }) => moment.now.toISOString() },
  round_trip_ms: { type: 'float8', setting: 'measured', ofTheRun: true, value: ({ moment }) => moment.roundTripMs },
  connection: {
    type: 'jsonb',
    setting: "this session's connection",
    ofTheRun: true,
    value: ({ connection }) => connectionText(connection),
  },
  required_extensions: {
    type: 'text[]',
    setting: 'postgres.extensions.required',
    value: ({ policy }) => policy.requiredExtensions,
  },
  allowed_extensions: { type: 'text[]', setting: 'postgres.extensions.allowed', value: ({ policy }) => policy.allowedExtensions },
  extension_schema: { type: 'text', setting: 'postgres.extensions.schema', value: ({ policy }) => policy.extensionSchema },
  allowed_libraries: { type: 'text[]', setting: 'verify.allow.libraries', value: ({ policy }) => policy.allowedLibraries },
  app_roles: { type: 'text[]', setting: 'roles.yaml', value: ({ policy }) => policy.appRoles },
  database_creators: {
    type: 'text[]',
    setting: 'roles.yaml and verify.allow.database_creators',
    value: ({ policy }) => policy.databaseCreators,
  },
  allowed_superusers: {
    type: 'text[]',
    setting: 'roles.yaml and verify.allow.superusers',
    value: ({ policy }) => policy.superusers,
  },
  allowed_attributes: {
    type: 'jsonb',
    setting: 'roles.yaml and verify.allow',
    value: ({ policy }) => JSON.stringify(policy.attributes),
  },
  server_access: {
    type: 'jsonb',
    setting: 'roles.yaml and verify.allow.server_access',
    value: ({ policy }) => JSON.stringify(policy.serverAccess),
  },
  public_grants: { type: 'jsonb', setting: 'roles.yaml: public', value: ({ policy }) => JSON.stringify(policy.publicGrants) },
  default_privileges: {
    type: 'jsonb',
    setting: 'roles.yaml: future and public',
    value: ({ policy }) => JSON.stringify(policy.defaultPrivileges),
  },
  policy_tables: {
    type: 'jsonb',
    setting: 'roles.yaml: row_security',
    value: ({ policy }) => JSON.stringify(policy.policyTables),
  },
  vendors: {
    type: 'jsonb',
    setting: "dbctl's own list of what hosting companies run their work as",
    value: ({ policy }) => JSON.stringify(policy.vendors),
  },
  timezone: { type: 'text', setting: 'postgres.timezone', value: ({ policy }) => policy.timezone },
  timezones: { type: 'text[]', setting: 'postgres.timezone', value: ({ policy }) => policy.timezones },
  encoding: { type: 'text', setting: 'postgres.locale.encoding', value: ({ policy }) => policy.encoding },
  locale_provider: { type: 'text', setting: 'postgres.locale.provider', value: ({ policy }) => policy.localeProvider },
  locale: { type: 'text', setting: 'postgres.locale.name', value: ({ policy }) => policy.locale },
  icu_rules: { type: 'text', setting: 'no key yet: always empty', value: ({ policy }) => policy.icuRules },
  lc_settings: { type: 'jsonb', setting: 'no key yet: always empty', value: ({ policy }) => JSON.stringify(policy.lcSettings) },
  done_after_update: {
    type: 'text[]',
    setting: 'verify.done_after_update',
    value: ({ policy }) => policy.doneAfterUpdate,
  },
  client_tools: {
    type: 'jsonb',
    setting: "this machine's client programs",
    ofTheRun: true,
    value: ({ facts }) => factValue(facts?.client_tools),
  },
  cluster_nodes: {
    type: 'jsonb',
    setting: 'the hosts of the URL',
    ofTheRun: true,
    value: ({ facts }) => factValue(facts?.cluster_nodes),
  },
  backups: { type: 'jsonb', setting: 'backup.repositories', ofTheRun: true, value: ({ facts }) => factValue(facts?.backups) },
  drills: { type: 'jsonb', setting: 'backup.repositories', ofTheRun: true, value: ({ facts }) => factValue(facts?.drills) },
  tls_version: { type: 'text', setting: 'verify.profile', value: ({ policy }) => policy.thresholds.tlsVersion },
  wraparound_percent: { type: 'int4', setting: 'verify.profile', value: ({ policy }) => policy.thresholds.wraparoundPercent },
  standby_lag: {
    type: 'interval',
    setting: 'verify.limits.standby_lag',
    value: ({ policy }) => `${policy.limits.standbyLagMs} milliseconds`,
  },
  standby_lag_bytes: {
    type: 'int8',
    setting: 'verify.limits.standby_lag_mb',
    value: ({ policy }) => policy.limits.standbyLagBytes,
  },
  open_transaction: {
    type: 'interval',
    setting: 'verify.limits.open_transaction',
    value: ({ policy }) => `${policy.limits.openTransactionMs} milliseconds`,
  },
  held_transactions: {
    type: 'int4',
    setting: 'verify.limits.held_transactions',
    value: ({ policy }) => policy.limits.heldTransactions,
  },
  people: { type: 'text[]', setting: 'verify.people', value: ({ policy }) => policy.people },
  valid_days: { type: 'int4', setting: 'verify.limits.valid_days', value: ({ policy }) => policy.limits.validDays },
  // A mapping without a key declares nothing, and its check is skipped.
  wanted_settings: {
    type: 'jsonb',
    setting: 'verify.settings',
    value: ({ policy }) => (Object.keys(policy.settings).length === 0 ? null : JSON.stringify(policy.settings)),
  },
  protected_tables: { type: 'jsonb', setting: 'immutability.tables', value: ({ policy }) => json(policy.guards?.tables) },
  protected_owner: { type: 'text', setting: 'immutability.tables', value: ({ policy }) => policy.guards?.owner ?? null },
  guard_functions: { type: 'jsonb', setting: 'immutability.tables', value: ({ policy }) => json(policy.guards?.functions) },
  guard_event_triggers: {
    type: 'jsonb',
    setting: 'immutability.tables',
    value: ({ policy }) => json(policy.guards?.eventTriggers),
  },
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof PARAMETERS;

/** What is declared: another policy is another question, where another moment is not. */
export type Declared = Pick<ParameterValues, 'policy' | 'advisories'>;

/** False for facts of the run. */
export function isDeclared(name: ParameterName): boolean {
  return (PARAMETERS[name] as Parameter).ofTheRun !== true;
}

/** The value of a parameter that isDeclared(). */
export function declaredValue(name: ParameterName, declared: Declared): unknown {
  return PARAMETERS[name].value(declared as ParameterValues);
}

/**
 * `ssl_mode`, `verified` and `certificate` are null where they are not known; a certificate has subject, issuer, not_before,
 * not_after, self_signed and mismatch (why it does not fit the host, or null).
 */
function connectionText({ host, encrypted, crossesNetwork, peer }: OwnConnection): string {
  const shown = peer?.certificate ?? null;
  return JSON.stringify({
    host,
    encrypted,
    crosses_network: crossesNetwork,
    ssl_mode: peer?.sslMode ?? null,
    verified: peer?.verified ?? null,
    certificate: shown && {
      subject: shown.subject,
      issuer: shown.issuer,
      not_before: shown.notBefore,
      not_after: shown.notAfter,
      self_signed: shown.selfSigned,
      mismatch: shown.mismatch,
    },
  });
}

/** JSON text; null, which skips the check, for what is not declared. */
function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}
