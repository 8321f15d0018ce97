import { DbctlError, fail } from '../../../core/errors.ts';
import type { Progress } from '../../../core/progress.ts';
import { splitName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { displayName } from '../display-name.ts';
import type { ImmutabilitySettings } from '../settings.ts';
import { readActors, type Actor, type Held } from './actor.ts';
import { aloneAttempts } from './alone.ts';
import { ATTEMPT_FUNCTION, LOCK_TIMEOUT_MS, tryAll, type Attempt, type Outcome } from './attempt.ts';
import { CATALOGUE } from './catalogue.ts';
import { fingerprint, readTestHorizon } from './fingerprint.ts';
import { insertAttempts } from './inserts.ts';
import { judge, type Result } from './judge.ts';
import type { Expectation } from './path.ts';
import { readTestedRelations, type TestedRelation } from './relation.ts';
import { probeRow, probeStatements, type ProbeRow } from './row.ts';

export interface SelfTestOptions {
  /** `schema.table` of dbctl.yaml; empty: all. */
  readonly tables: readonly string[];
  /** Roles to act as; empty: those that matter. */
  readonly roles: readonly string[];
  /** Act as the session's own user where that is a superuser. */
  readonly superuser: boolean;
  readonly progress: Progress;
}

export interface SelfTest {
  readonly results: readonly Result[];
  readonly relations: number;
  readonly actors: number;
  /** Attempts were counted as violations: the session's role may not say that they are a test. */
  readonly counted: boolean;
}

/** What is tried, for whom, and what has to come of it. */
export interface Trial {
  readonly path: string;
  readonly relation: string;
  readonly actor: Actor;
  readonly attempt: Attempt;
  readonly expected: Expectation;
}

/**
 * Tries every path of the catalogue on every protected relation as every role, always rolled back. Safe on production: one short transaction a
 * relation, each attempt a subtransaction that gives its locks back at once, no wait for a lock longer than {@link LOCK_TIMEOUT_MS} ms.
 * Fails with usage on a table that is not protected or a role that is not there, with db.denied when the registry may not be read.
 */
export async function selfTest(session: Session, settings: ImmutabilitySettings, options: SelfTestOptions): Promise<SelfTest> {
  const relations = await readTestedRelations(session, options.tables);
  await refuseUnknown(session, options, relations);
  const horizon = await readTestHorizon(session);
  const names = relations.map(({ name }) => name);
  const before = await fingerprint(session, names, horizon);
  const step = options.progress.step('try every path', relations.length);
  const results: Result[] = [];
  const actors = new Map<string, Actor[]>();
  let counted = false;
  for (const relation of relations) {
    const lookAgain = async () => {
      const read = await readActors(session, relation.root, { named: options.roles, superuser: options.superuser });
      actors.set(relation.root, read);
      return read;
    };
    const known = actors.get(relation.root) ?? (await lookAgain());
    const probe = await probeOf(settings, relation);
    const tested = await testRelation(session, relation, known, probe).catch(async (thrown: unknown) => {
      // undefined_object: a role was dropped since the roles were read.
      if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '42704') throw thrown;
      return testRelation(session, relation, await lookAgain(), probe);
    });
    results.push(...tested.results);
    counted ||= tested.counted;
    step.tick(1, relation.name);
  }
  const after = await fingerprint(session, names, horizon);
  step.done();
  for (const name of names) results.push(unchanged(name, before.get(name), after.get(name)));
  return {
    results,
    relations: relations.length,
    actors: new Set([...actors.values()].flat().map(({ role }) => role)).size,
    counted,
  };
}

/** A name that was mistyped must not look like a table where nothing got through. */
async function refuseUnknown(
  session: Session,
  { tables, roles }: SelfTestOptions,
  relations: readonly TestedRelation[],
): Promise<void> {
  const roots = new Set(relations.map(({ root }) => root));
  const table = tables.find((name) => !roots.has(displayName(splitName(name))));
  if (table !== undefined) {
    fail('usage', `${table} is not a protected table`, {
      hint: 'dbctl immutability status lists them; dbctl immutability install guards more.',
    });
  }
  const [missing] = await session.rows<{ role: string }>(
    'select r.role from pg_catalog.unnest($1::pg_catalog.text[]) r (role) where not exists (select from pg_catalog.pg_roles p where p.rolname = r.role)',
    [roles],
  );
  if (missing !== undefined) fail('usage', `there is no role ${missing.role}`, { hint: 'Name roles as pg_roles shows them.' });
}

async function probeOf({ tables }: ImmutabilitySettings, { root }: TestedRelation): Promise<string[] | null> {
  const table = tables.find((one) => displayName(one) === root);
  return table?.probe === null || table === undefined ? null : probeStatements(root, table.probe);
}

async function testRelation(
  session: Session,
  relation: TestedRelation,
  actors: readonly Actor[],
  probe: readonly string[] | null,
) {
  await session.script(
    `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local statement_timeout = '30s'; set local search_path = pg_catalog`,
  );
  try {
    const counted = !(await declareTest(session));
    await session.script(ATTEMPT_FUNCTION);
    const reachable = actors.filter(({ unreachable }) => !unreachable);
    const superuser = reachable.some(({ rank }) => rank === 'superuser');
    const held = await readHeld(session, relation, reachable);
    const row = await probeRow(session, relation, probe);
    const trials = [
      ...reachable.flatMap((actor) => catalogueTrials(relation, actor, held.get(actor.role) ?? NOTHING)),
      ...(superuser ? aloneAttempts(relation, row, session.user) : []),
      ...(superuser ? await insertAttempts(session, relation, reachable, probe) : []),
    ];
    const outcomes = await inBatches(session, trials);
    const results = trials.map((trial, place) => judge(trial, outcomes[place] as Outcome));
    const missed = actors
      .filter(({ unreachable }) => unreachable)
      .map((actor) => unreachableResult(relation, actor, session.user));
    return { results: [...results, ...missed, ...rowResult(relation, row)], counted };
  } finally {
    await session.script('rollback');
  }
}

const NOTHING: Held = { update: false, delete: false, truncate: false };

/** Tells the counters that this transaction is a test; false where the role may not. */
async function declareTest(session: Session): Promise<boolean> {
  await session.script('savepoint declared');
  try {
    await session.script(`insert into dbctl.permit (purpose, reason) values ('self-test', 'dbctl immutability test')`);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '42501') throw thrown;
    await session.script('rollback to savepoint declared');
    return false;
  }
}

async function readHeld(session: Session, { oid }: TestedRelation, actors: readonly Actor[]): Promise<Map<string, Held>> {
  const rows = await session.rows<Held & { role: string }>(
    `select r.role,
            pg_catalog.has_table_privilege(r.role, c.oid, 'update') as update,
            pg_catalog.has_table_privilege(r.role, c.oid, 'delete') as delete,
            pg_catalog.has_table_privilege(r.role, c.oid, 'truncate') as truncate
     from pg_catalog.unnest($1::pg_catalog.text[]) r (role)
     join pg_catalog.pg_class c on c.oid = $2::pg_catalog.oid`,
    [actors.map(({ role }) => role), oid],
  );
  return new Map(rows.map((row) => [row.role, row]));
}

function catalogueTrials(relation: TestedRelation, actor: Actor, held: Held): Trial[] {
  return CATALOGUE.filter((path) => path.applies(relation)).map((path) => ({
    path: path.id,
    relation: relation.name,
    actor,
    attempt: { before: path.before?.(relation) ?? [], role: actor.role, sql: path.sql(relation) },
    expected: path.expects(actor, held, relation),
  }));
}

/** Attempts of one message: enough that round trips do not count, few enough that a cancel is soon heard. */
const BATCH = 100;

async function inBatches(session: Session, trials: readonly Trial[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < trials.length; at += BATCH) {
    outcomes.push(
      ...(await tryAll(
        session,
        trials.slice(at, at + BATCH).map(({ attempt }) => attempt),
      )),
    );
  }
  return outcomes;
}

function unreachableResult({ name }: TestedRelation, { role }: Actor, user: string): Result {
  return {
    path: 'every path',
    relation: name,
    role,
    verdict: 'unknown',
    expected: '',
    got: '',
    message: `${user} cannot become ${role}: nothing was tried as it`,
    fix: `grant ${role} to ${user} with inherit false, set true; or run the test as a superuser`,
  };
}

function rowResult({ name }: TestedRelation, { state, why }: ProbeRow): Result[] {
  if (state !== 'none' || why === null || why.startsWith('a partitioned')) return [];
  const message = `no row to try on: ${why}. Statements were tried, single rows were not`;
  return [
    {
      path: 'real_row',
      relation: name,
      role: '',
      verdict: 'unknown',
      expected: '',
      got: '',
      message,
      fix: 'give the table a probe in dbctl.yaml',
    },
  ];
}

function unchanged(
  name: string,
  before: { definition: string; rows: string } | undefined,
  after: { definition: string; rows: string } | undefined,
): Result {
  const same = before !== undefined && before.definition === after?.definition && before.rows === after.rows;
  const what =
    before?.definition === after?.definition
      ? `its rows are ${after?.rows} instead of ${before?.rows}`
      : 'its definition is another one';
  return {
    path: 'unchanged_afterwards',
    relation: name,
    role: '',
    verdict: same ? 'refused' : 'open',
    expected: 'the same bytes',
    got: same ? 'the same bytes' : 'other bytes',
    message: same
      ? 'definition, guards and rows are as before'
      : `after the test ${what}: somebody else changed it meanwhile, or the test did`,
    fix: same ? null : 'run it again; if it stays, report a defect in dbctl',
  };
}
