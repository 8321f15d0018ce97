import { platform } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { authenticationRule } from './authentication.ts';
import { DEFAULT_KEEP_ALIVE, type KeepAlive, type ResolvedTarget } from './extras.ts';
import { gatherSettings } from './gather.ts';
import { hostList } from './hosts.ts';
import type { Setting, Settings } from './parameters.ts';
import { passwordLookup } from './password.ts';
import { startupOptions } from './startup-options.ts';
import { checkSupported } from './supported.ts';
import { SSL_MODES, TARGET_SESSION_ATTRS, type SslMode } from './target.ts';
import { tlsPolicy } from './tls-policy.ts';
import { choice, number, optional, text, word } from './values.ts';

/** What stands above every connection string, service and PG* variable; an empty text counts as not given. */
export interface ConnectionOverrides {
  readonly applicationName?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly sslMode?: SslMode | undefined;
  readonly database?: string | undefined;
  /** Milliseconds for one host; 0 waits without limit. */
  readonly connectTimeoutMs?: number | undefined;
}

export interface ConnectionInput {
  /** URL or `name=value` pairs; undefined leaves everything to service, PG* variables and defaults. */
  readonly text?: string | undefined;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The home folder, for .pgpass, .pg_service.conf and .postgresql. */
  readonly home: string;
  /** The name the operating system knows the user by: PostgreSQL's user of last resort. */
  readonly osUser: string;
  readonly overrides?: ConnectionOverrides;
  /** Where `text` was read, such as `DATABASE_URL`; every message names it. */
  readonly source: string;
  /** Told once of each thing that is passed over: a .pgpass that others can read, a missing certificate file, tuning. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Where and as whom to connect, as libpq 18 would decide: connection string, then the service it names, then PG* variables, then
 * built-in defaults; `overrides` stand above all. Nothing is connected to; .pgpass is read when a password is asked for, so that
 * a changed one is found. Fails with config.invalid for text that does not parse, a parameter that is unknown or cannot be
 * honoured, a service that is not defined, and an sslMode override that contradicts the connection string or its service.
 */
export async function resolveConnection(input: ConnectionInput): Promise<ResolvedTarget> {
  const { variables, home, overrides = {} } = input;
  const onWarning = once(input.onWarning);
  const { explicit, settings } = await gatherSettings(input, onWarning);
  checkSupported(settings, onWarning);
  refuseContradiction(explicit.get('sslmode'), overrides.sslMode);
  const folder = platform() === 'win32' ? join(variables['APPDATA'] ?? home, 'postgresql') : join(home, '.postgresql');
  const { policy, details } = await tlsPolicy({ settings, mode: overrides.sslMode, variables, folder, onWarning });
  const user = overrides.user || text(settings, 'user') || input.osUser;
  const database = overrides.database || text(settings, 'dbname') || user;
  const lookUpPassword = passwordLookup({ settings, override: overrides.password, user, database, home, variables, onWarning });
  const target: ResolvedTarget = {
    hosts: await hostList(settings),
    loadBalance: word(settings, 'load_balance_hosts', ['disable', 'random']) === 'random',
    database,
    user,
    password: async (address) => (await lookUpPassword(address)).password,
    lookUpPassword,
    tls: policy,
    tlsDetails: details,
    targetSessionAttrs: word(settings, 'target_session_attrs', TARGET_SESSION_ATTRS),
    applicationName:
      overrides.applicationName || text(settings, 'application_name') || text(settings, 'fallback_application_name') || undefined,
    options: serverOptions(settings, variables),
    connectTimeoutMs: overrides.connectTimeoutMs ?? Math.max(0, number(settings, 'connect_timeout') ?? 0) * 1000,
    channelBinding: word(settings, 'channel_binding', ['prefer', 'disable', 'require']),
    keepAlive: keepAlive(settings),
    authentication: optional(settings, 'require_auth', authenticationRule),
  };
  return Object.freeze(target);
}

function refuseContradiction(written: Setting | undefined, mode: SslMode | undefined): void {
  if (written === undefined || mode === undefined) return;
  const own = choice('sslmode', written, SSL_MODES);
  if (own === mode) return;
  fail('config.invalid', `${written.from} and PG_SSL_MODE disagree: sslmode is ${own} in the one and ${mode} in the other`, {
    hint: `Make them agree, or take sslmode out of ${written.from}.`,
  });
}

/** `options`, then the variables that libpq sends beside it and that therefore win. */
function serverOptions(settings: Settings, variables: ConnectionInput['variables']): string | undefined {
  const beside = [
    ['DateStyle', 'PGDATESTYLE'],
    ['TimeZone', 'PGTZ'],
    ['geqo', 'PGGEQO'],
  ] as const;
  const set = beside.flatMap(([name, variable]) => {
    const value = variables[variable];
    return value === undefined || value.toLowerCase() === 'default' ? [] : [[name, value] as const];
  });
  return (
    [text(settings, 'options'), startupOptions(Object.fromEntries(set))].filter((part) => part !== '').join(' ') || undefined
  );
}

function keepAlive(settings: Settings): KeepAlive {
  const idle = number(settings, 'keepalives_idle');
  return {
    enabled: (number(settings, 'keepalives') ?? 1) !== 0,
    idleMs: idle === undefined ? DEFAULT_KEEP_ALIVE.idleMs : Math.max(0, idle) * 1000,
  };
}

function once(onWarning: ConnectionInput['onWarning']): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (!told.has(message)) onWarning?.(message);
    told.add(message);
  };
}
