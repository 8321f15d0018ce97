import type { Context } from '../commands/context.ts';
import type { ExpectedIdentity } from '../config/identity.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Log } from '../core/log.ts';
import type { Target } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import { packageFolder } from '../package.ts';
import { startInBackground } from './background.ts';
import { buildEmit } from './emit.ts';
import { configAt, type FleetPlace } from './fleet/place.ts';
import { buildLog } from './log.ts';
import { askToConfirm } from './prompt.ts';
import { completable } from '../ops/completion/script.ts';
import { COMMANDS } from '../commands/index.ts';
import { FLEET_OPTIONS, GLOBAL_OPTIONS, type GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
import type { Redactor } from './secrets.ts';

/** Everything a command may touch, built once per run; files and libraries are loaded when a command first asks. */
export async function buildContext(io: Io, globals: GlobalOptions, redactor: Redactor, around: Around): Promise<Context> {
  const { progress, atEnd, place } = around;
  const log = around.log ?? (await buildLog(io, globals, redactor));
  const config = once(async () =>
    place === undefined ? readConfig(io, globals, log) : configAt(place, await place.load(globals.env)),
  );
  const connection = once(async () => resolveTarget(io, await config(), place, redactor, (warning) => log.warn(warning)));
  const guarded = once(async () => buildGuard(await config(), place, io.cwd, log));
  const context: Context = {
    globals,
    cwd: io.cwd,
    home: io.home,
    user: io.user,
    variables: io.variables,
    nodeVersion: process.version,
    clock: io.clock,
    signal: io.signal,
    unread: () => io.unread?.() ?? new AbortController().signal,
    log,
    progress,
    config,
    connection,
    async withDatabase(options, use) {
      const { withSession } = await import('../db/session.ts');
      const guard = await guarded();
      return withSession(await connection(), { signal: io.signal, ...options }, async (session) => {
        await guard(session, options.access);
        return use(session);
      });
    },
    emit: buildEmit(io, globals, redactor),
    redacted: (value) => redactor.value(value),
    target: (session) => describeServer(session, globals.env),
    forEnvironment: (env) => buildContext(io, { ...globals, env }, redactor, around),
    commands: () =>
      COMMANDS.map(({ spec }) =>
        completable(
          spec,
          GLOBAL_OPTIONS.filter((option) => spec.targets === true || !FLEET_OPTIONS.includes(option)).map(({ flags }) => flags),
        ),
      ),
    startInBackground,
    atEnd,
    confirm: (question) => askToConfirm(io, globals, question),
    async projectOrReference() {
      if ((await config()).file !== null) return context;
      return buildContext({ ...io, cwd: packageFolder() }, globals, redactor, around);
    },
  };
  return context;
}

/** What of a context its maker decides. */
interface Around extends Pick<Context, 'progress' | 'atEnd'> {
  /** Without it the log of the process. */
  readonly log?: Log;
  /** The target of a fleet it looks at; without it the database of the environment. */
  readonly place?: FleetPlace;
}

/** dbctl.yaml as the options of the run name it; its warnings are logged. */
export async function readConfig(io: Io, globals: GlobalOptions, log: Log): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  const loaded = await loadConfig({ file: globals.config, cwd: io.cwd, env: globals.env, variables: io.variables });
  for (const warning of loaded.warnings) log.warn(warning);
  return loaded;
}

async function resolveTarget(
  io: Io,
  loaded: LoadedConfig,
  place: FleetPlace | undefined,
  redactor: Redactor,
  onWarning: (text: string) => void,
): Promise<ConnectionTarget> {
  const { environment, folder } = loaded;
  const database = place?.target.database;
  if (environment.embedded) return embeddedTarget(io, loaded, database);
  const [{ connectionText }, { resolveConnection }] = await Promise.all([
    import('../config/connection-text.ts'),
    import('../runtime/connection/resolve.ts'),
  ]);
  const whose =
    place?.target.url === undefined ? undefined : { who: `target ${place.target.name}`, where: place.inventory.label };
  const { text, source } = await connectionText(environment, folder, io.variables, whose);
  if (text !== undefined) redactor.addFromUrl(text);
  const overrides = {
    ...contractOverrides(io, environment.tls, whose === undefined),
    ...(database !== undefined && { database }),
  };
  return resolveConnection({
    ...(text === undefined ? {} : { text }),
    source,
    variables: io.variables,
    home: io.home,
    osUser: io.user,
    overrides,
    onWarning,
  });
}

type Guard = (session: Session, access: 'read' | 'write') => Promise<void>;

/** What every session is asked before a command gets it. A superuser is warned of where nothing needs one, and once. */
async function buildGuard(loaded: LoadedConfig, place: FleetPlace | undefined, cwd: string, log: Log): Promise<Guard> {
  const { environment } = loaded;
  const { guardSession } = await import('../ops/environment/guard.ts');
  const expected = await expectedAt(loaded, place, cwd);
  const said = new Set<string>();
  return async (session, access) => {
    for (const warning of await guardSession(session, { environment, expected })) {
      if (access === 'read' && !said.has(warning)) log.warn(warning);
      said.add(warning);
    }
  };
}

async function expectedAt(loaded: LoadedConfig, place: FleetPlace | undefined, cwd: string): Promise<ExpectedIdentity | null> {
  if (place !== undefined) return (await import('./fleet/identity.ts')).identityAt(place, loaded, cwd);
  return (await import('../config/identity.ts')).expectedIdentity(loaded.environment, loaded.folder, cwd);
}

/**
 * Contract C7: these variables beat what the URL says, and are applied once, after it was parsed. A login is one database's: it is not taken to
 * targets that have URLs of their own.
 */
function contractOverrides(io: Io, tls: string | undefined, withLogin: boolean): Record<string, string> {
  const { PG_SSL_MODE } = io.variables;
  const { DB_USER, DB_PASSWORD } = withLogin ? io.variables : {};
  const sslMode = PG_SSL_MODE ?? tls;
  return {
    ...(DB_USER === undefined ? {} : { user: DB_USER }),
    ...(DB_PASSWORD === undefined ? {} : { password: DB_PASSWORD }),
    ...(sslMode === undefined ? {} : { sslMode }),
  };
}

async function embeddedTarget(io: Io, loaded: LoadedConfig, database: string | undefined): Promise<ConnectionTarget> {
  const { devConnection } = await import('../ops/dev/target.ts');
  const target = await devConnection({ projectFolder: loaded.folder, variables: io.variables, home: io.home }, loaded.config);
  return database === undefined ? target : { ...target, database };
}

function describeServer(session: Session, env: string): Target {
  const { host, port, database, serverVersionText, systemIdentifier } = session;
  return { env, host, port, database, serverVersion: serverVersionText, systemIdentifier };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
