import type { Context } from '../commands/context.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Log } from '../core/log.ts';
import type { Target } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import { packageFolder } from '../package.ts';
import { startInBackground } from './background.ts';
import { buildEmit } from './emit.ts';
import { buildLog } from './log.ts';
import { askToConfirm } from './prompt.ts';
import { completable } from '../ops/completion/script.ts';
import { COMMANDS } from '../commands/index.ts';
import { GLOBAL_OPTIONS, type GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
import type { Redactor } from './secrets.ts';

/** Everything a command may touch, built once per run; files and libraries are loaded when a command first asks. */
export async function buildContext(
  io: Io,
  globals: GlobalOptions,
  redactor: Redactor,
  { progress, atEnd }: Pick<Context, 'progress' | 'atEnd'>,
): Promise<Context> {
  const log = await buildLog(io, globals, redactor);
  const config = once(() => readConfig(io, globals, log));
  const connection = once(async () => resolveTarget(io, await config(), redactor, (warning) => log.warn(warning)));
  const guarded = once(async () => buildGuard(await config(), io.cwd, log));
  const context: Context = {
    globals,
    cwd: io.cwd,
    home: io.home,
    user: io.user,
    variables: io.variables,
    nodeVersion: process.version,
    clock: io.clock,
    signal: io.signal,
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
    forEnvironment: (env) => buildContext(io, { ...globals, env }, redactor, { progress, atEnd }),
    commands: () =>
      COMMANDS.map(({ spec }) =>
        completable(
          spec,
          GLOBAL_OPTIONS.map(({ flags }) => flags),
        ),
      ),
    startInBackground,
    atEnd,
    confirm: (question) => askToConfirm(io, globals, question),
    async projectOrReference() {
      if ((await config()).file !== null) return context;
      return buildContext({ ...io, cwd: packageFolder() }, globals, redactor, { progress, atEnd });
    },
  };
  return context;
}

async function readConfig(io: Io, globals: GlobalOptions, log: Log): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  const loaded = await loadConfig({ file: globals.config, cwd: io.cwd, env: globals.env, variables: io.variables });
  for (const warning of loaded.warnings) log.warn(warning);
  return loaded;
}

async function resolveTarget(
  io: Io,
  loaded: LoadedConfig,
  redactor: Redactor,
  onWarning: (text: string) => void,
): Promise<ConnectionTarget> {
  const { environment, folder } = loaded;
  if (environment.embedded) return embeddedTarget(io, loaded);
  const [{ connectionText }, { resolveConnection }] = await Promise.all([
    import('../config/connection-text.ts'),
    import('../runtime/connection/resolve.ts'),
  ]);
  const { text, source } = await connectionText(environment, folder, io.variables);
  if (text !== undefined) redactor.addFromUrl(text);
  const overrides = contractOverrides(io, environment.tls);
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
async function buildGuard({ environment, folder }: LoadedConfig, cwd: string, log: Log): Promise<Guard> {
  const [{ expectedIdentity }, { guardSession }] = await Promise.all([
    import('../config/identity.ts'),
    import('../ops/environment/guard.ts'),
  ]);
  const expected = await expectedIdentity(environment, folder, cwd);
  const said = new Set<string>();
  return async (session, access) => {
    for (const warning of await guardSession(session, { environment, expected })) {
      if (access === 'read' && !said.has(warning)) log.warn(warning);
      said.add(warning);
    }
  };
}

/** Contract C7: these variables beat what the URL says, and are applied once, after it was parsed. */
function contractOverrides(io: Io, tls: string | undefined): Record<string, string> {
  const { PG_SSL_MODE, DB_USER, DB_PASSWORD } = io.variables;
  const sslMode = PG_SSL_MODE ?? tls;
  return {
    ...(DB_USER === undefined ? {} : { user: DB_USER }),
    ...(DB_PASSWORD === undefined ? {} : { password: DB_PASSWORD }),
    ...(sslMode === undefined ? {} : { sslMode }),
  };
}

async function embeddedTarget(io: Io, loaded: LoadedConfig): Promise<ConnectionTarget> {
  const { devConnection } = await import('../ops/dev/target.ts');
  return devConnection({ projectFolder: loaded.folder, variables: io.variables, home: io.home }, loaded.config);
}

function describeServer(session: Session, env: string): Target {
  const { host, port, database, serverVersionText, systemIdentifier } = session;
  return { env, host, port, database, serverVersion: serverVersionText, systemIdentifier };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
