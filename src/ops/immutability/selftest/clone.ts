import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../../core/progress.ts';
import { ident, literal } from '../../../db/ident.ts';
import { withSession, type Session } from '../../../db/session.ts';
import type { MigrateSettings } from '../../migrate/settings.ts';
import { MIGRATE_SESSION_SETTINGS, migrateUp } from '../../migrate/up.ts';
import { withThrowAwayServer, type ThrowAwayServer } from '../../server/throw-away.ts';
import { displayName } from '../display-name.ts';
import { installGuards } from '../install.ts';
import type { ImmutabilitySettings } from '../settings.ts';
import { fingerprint, readTestHorizon } from './fingerprint.ts';
import type { Result } from './judge.ts';
import { readTestedRelations, type TestedRelation } from './relation.ts';
import { probeStatements } from './row.ts';

export interface CloneWish {
  readonly major: 17 | 18;
  readonly uid: number | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Logical replication needs it; the rest is what a server has by itself, so that a crash loses what a crash loses. */
const SETTINGS = { wal_level: 'logical', max_replication_slots: '4', max_wal_senders: '4', shared_buffers: '64MB' } as const;

/**
 * What cannot be taken back, on a server made for it: the project's migrations and guards, a row in each table, then drops, concurrent DDL,
 * replicated changes, maintenance and a crash. Fails with migration.failed, server.failed.
 */
export async function cloneTest(settings: ImmutabilitySettings, migrations: MigrateSettings, wish: CloneWish): Promise<Result[]> {
  return withThrowAwayServer({ ...wish, settings: SETTINGS }, async (server) => {
    const { progress, signal } = wish;
    const on = <T>(database: string, use: (session: Session) => Promise<T>) =>
      withSession(
        server.target(database),
        { access: 'write', statementTimeoutMs: 0, settings: MIGRATE_SESSION_SETTINGS, signal },
        use,
      );
    await on('postgres', (session) => session.script('create database clone'));
    await on('clone', (session) => migrateUp(session, migrations, { progress, signal }));
    await on('clone', (session) => plantRows(session, settings));
    await on('postgres', (session) => session.script('create database source template clone'));
    await on('clone', (session) => installGuards(session, settings, { table: migrations.table, progress }));
    const relations = await on('clone', (session) => readTestedRelations(session, []));
    const results: Result[] = [];
    for (const relation of relations) results.push(...(await on('clone', (session) => destroy(session, relation))));
    results.push(...(await replicate(server, relations, on)));
    results.push(...(await on('clone', (session) => maintain(session, relations))));
    results.push(await crash(server, relations, on));
    return results;
  });
}

type On = <T>(database: string, use: (session: Session) => Promise<T>) => Promise<T>;

async function plantRows(session: Session, { tables }: ImmutabilitySettings): Promise<void> {
  for (const table of tables) {
    if (table.probe === null) continue;
    // Probes share their parents: what another one has made already is passed over.
    for (const statement of await probeStatements(displayName(table), table.probe)) {
      await session.script(statement).catch(() => {});
    }
  }
}

/** Drops and concurrent DDL, as superuser, each for real. */
async function destroy(session: Session, relation: TestedRelation): Promise<Result[]> {
  const { name, schema, table, isPartition, root, keyConstraint } = relation;
  const tries: (readonly [path: string, sql: string, code: string])[] = [
    ['drop_table', `drop table ${name} cascade`, 'IM004'],
    ...(isPartition
      ? ([
          ['detach_partition', `alter table ${root} detach partition ${name}`, 'IM003'],
          ['detach_concurrently', `alter table ${root} detach partition ${name} concurrently`, 'IM006'],
        ] as const)
      : ([
          ['drop_schema_cascade', `drop schema ${schema} cascade`, 'IM004'],
          ['drop_owned', 'drop owned by dbctl_protected cascade', 'IM004'],
          ['rename_schema', `alter schema ${schema} rename to other_name`, 'IM003'],
          ['set_schema', `alter table ${name} set schema public`, 'IM003'],
        ] as const)),
    ...(keyConstraint === null
      ? []
      : ([['drop_index_concurrently', `drop index concurrently ${schema}.${keyConstraint}`, 'IM006']] as const)),
    ['vacuum_full', `vacuum full ${name}`, 'done'],
    ['reindex', `reindex table ${name}`, 'done'],
  ];
  const results: Result[] = [];
  for (const [path, sql, code] of tries) {
    const before = await countOf(session, name);
    const got = await codeOf(session, sql);
    const after = await countOf(session, name);
    results.push(
      verdict(path, name, code, got, before === after && after !== null, `${table}: ${before} rows before, ${after} after`),
    );
  }
  return results;
}

/** Changes that arrive by logical replication from a database without guards. */
async function replicate({ port, password }: ThrowAwayServer, relations: readonly TestedRelation[], on: On): Promise<Result[]> {
  const tables = relations.filter(({ kind, isPartition }) => kind === 'r' && !isPartition);
  // Truncates come last: they cascade in the source, and would leave nothing there to update.
  const attacks = [
    ...tables.map(({ name, column }) => [name, 'logical_apply_update', `update ${name} set ${column} = ${column}`] as const),
    ...tables.map(({ name }) => [name, 'logical_apply_truncate', `truncate ${name} cascade`] as const),
  ];
  const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} dbname=source`;
  const results: Result[] = [];
  for (const [name, path, sql] of attacks) results.push(await applied(name, path, sql, conninfo, on));
  return results;
}

async function applied(name: string, path: string, sql: string, conninfo: string, on: On): Promise<Result> {
  await on('source', (session) =>
    session.script(`create publication attack for table ${name}; alter table ${name} replica identity full`),
  );
  await on('source', (session) => session.script(`select pg_catalog.pg_create_logical_replication_slot('attack', 'pgoutput')`));
  await on('clone', (session) =>
    session.script(
      `create subscription attack connection ${literal(conninfo)} publication attack with (create_slot = false, copy_data = false, disable_on_error = true)`,
    ),
  );
  const before = await on('clone', (session) => contentOf(session, name));
  await on('source', (session) => session.script(sql));
  const errors = await on('clone', waitForApplyError);
  const after = await on('clone', (session) => contentOf(session, name));
  await on('clone', (session) =>
    session
      .script('alter subscription attack disable; alter subscription attack set (slot_name = none)')
      .then(() => session.script('drop subscription attack')),
  );
  await on('source', dropSource);
  if (before.startsWith('0 ')) {
    const why = 'the table is empty here: nothing could be replicated';
    return {
      path,
      relation: name,
      role: 'postgres',
      verdict: 'unknown',
      expected: 'apply error',
      got: '',
      message: why,
      fix: 'give the table a probe in dbctl.yaml',
    };
  }
  const got = errors > 0 ? 'apply error' : 'applied';
  return verdict(
    path,
    name,
    'apply error',
    got,
    before === after,
    `${errors} apply errors; rows ${before === after ? 'untouched' : 'changed'}`,
  );
}

async function waitForApplyError(session: Session): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [row] = await session.rows<{ errors: number }>(
      `select s.apply_error_count::pg_catalog.int4 as errors from pg_catalog.pg_stat_subscription_stats s where s.subname = 'attack'`,
    );
    if (row !== undefined && row.errors > 0) return row.errors;
    await sleep(100);
  }
  return 0;
}

async function dropSource(session: Session): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const dropped = await session.script(`select pg_catalog.pg_drop_replication_slot('attack')`).then(
      () => true,
      () => false,
    );
    if (dropped) break;
    await sleep(100);
  }
  await session.script('drop publication attack');
}

/** What changes nothing must change nothing, and what no trigger sees has to be said. */
async function maintain(session: Session, relations: readonly TestedRelation[]): Promise<Result[]> {
  const [first] = relations;
  if (first === undefined) return [];
  const known = (path: string, message: string): Result => ({
    path,
    relation: first.root,
    role: session.user,
    verdict: 'known-open',
    expected: 'cannot be refused',
    got: 'done',
    message,
    fix: null,
  });
  await session.script('begin');
  const reassigned = await codeOf(session, `reassign owned by dbctl_protected to ${ident(session.user)}`);
  await session.script('rollback');
  return [
    ...(reassigned === 'done'
      ? [known('reassign_owned', 'REASSIGN OWNED fires no event trigger; dbctl verify finds the owner')]
      : []),
    known('drop_database', 'the owner of the database may drop it; backups and the notes outside remain'),
  ];
}

async function crash(server: ThrowAwayServer, relations: readonly TestedRelation[], on: On): Promise<Result> {
  const names = relations.map(({ name }) => name);
  const [before, horizon] = await on('clone', async (session) => {
    for (const { name, kind } of relations)
      if (kind === 'r') await session.script(`alter table ${name} set unlogged`).catch(() => {});
    await session.script('checkpoint');
    const at = await readTestHorizon(session);
    return [await fingerprint(session, names, at), at] as const;
  });
  await server.crash();
  const after = await on('clone', (session) => fingerprint(session, names, horizon));
  const lost = names.filter((name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)));
  return verdict(
    'set_unlogged_then_crash',
    'every relation',
    'unchanged',
    lost.length === 0 ? 'unchanged' : `changed: ${lost.join(', ')}`,
    lost.length === 0,
    'rows and definitions after SIGKILL and recovery',
  );
}

function verdict(path: string, relation: string, expected: string, got: string, untouched: boolean, message: string): Result {
  const right = got === expected && untouched;
  return {
    path,
    relation,
    role: 'postgres',
    verdict: right ? (expected === 'done' ? 'works' : 'refused') : 'open',
    expected,
    got,
    message: untouched ? message : `rows were lost or changed: ${message}`,
    fix: right ? null : 'report a defect in dbctl',
  };
}

async function codeOf(session: Session, sql: string): Promise<string> {
  return session.script(sql).then(
    () => 'done',
    (thrown: { sqlstate?: string }) => thrown.sqlstate ?? 'error',
  );
}

async function countOf(session: Session, name: string): Promise<string | null> {
  const rows = await session
    .rows<{ rows: string }>(`select pg_catalog.count(*)::pg_catalog.text as rows from ${name}`)
    .catch(() => []);
  return rows[0]?.rows ?? null;
}

async function contentOf(session: Session, name: string): Promise<string> {
  const rows = await session.rows<{ content: string | null }>(
    `select pg_catalog.format('%s %s', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended((t.*)::pg_catalog.text, 0))) as content from ${name} t`,
  );
  return rows[0]?.content ?? '';
}
