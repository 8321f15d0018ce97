import { fail } from '../../core/errors.ts';
import { silentProgress } from '../../core/progress.ts';
import type { Session } from '../../db/session.ts';
import { planInstall } from '../immutability/install.ts';
import { selfTest } from '../immutability/selftest/run.ts';
import type { ImmutabilitySettings } from '../immutability/settings.ts';
import type { LedgerSettings } from '../ledger/settings.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { tryAssertion, type Assertion } from './assertions.ts';
import type { DrillInputs } from './drill.ts';
import { Failed, NotTried, type Try } from './steps.ts';
import { tryChecks, type Carried } from './verify.ts';

/** Opens a session on the restored database; with `read` one whose server refuses every write. */
export type OnDatabase = <T>(use: (session: Session) => Promise<T>, access?: 'read' | 'write') => Promise<T>;

/** What a backup brought back, and how it is opened. */
export interface Restored {
  readonly carried: Carried;
  readonly databases: readonly string[];
  /** The one in which guards, ledger, checks and assertions are. */
  readonly main: string;
  readonly on: (database: string) => OnDatabase;
}

/** Looks at what was restored in every way there is: guards, ledger, checks, the project's assertions, and last the attacks. */
export async function lookAtDatabases(restored: Restored, inputs: DrillInputs, tryIt: Try): Promise<void> {
  const { carried, databases, main } = restored;
  const { immutability, ledger, checks, assertions } = inputs;
  const there = databases.includes(main);
  const on = restored.on(main);
  if (there) {
    await tryIt('immutability', () => on((session) => tryGuards(session, immutability)));
    await tryIt('ledger', () => on((session) => tryLedger(session, ledger, on)));
    if (checks !== undefined) await tryIt('verify', () => on((session) => tryChecks(session, carried, checks), 'read'));
  } else await tryIt('verify', () => Promise.reject(withoutDatabase(main, inputs)));
  for (const assertion of assertions?.list ?? []) {
    await tryIt('assertion', () => ask(restored, assertion, assertions?.timeoutMs ?? 0), assertion.name);
  }
  if (there) await tryIt('self-test', () => on((session) => tryAttacks(session, immutability)));
}

/** A dump has one database, and an assertion may be about another; a backup of a server without it lacks something. */
async function ask({ carried, databases, main, on }: Restored, assertion: Assertion, timeoutMs: number): Promise<string> {
  const database = assertion.database ?? main;
  if (databases.includes(database)) return on(database)((session) => tryAssertion(session, assertion, timeoutMs), 'read');
  if (carried === 'database') throw new NotTried(`it is about ${database}, and this is a dump of ${main}`);
  throw new Failed(`the backup has no database ${database}`, []);
}

/** Where the project asked for something in its database, not to find that database is a failure. */
function withoutDatabase(main: string, { immutability }: DrillInputs): Error {
  const message = `the backup has no database ${main}, so guards, ledger and checks were not looked at`;
  if (immutability.tables.length === 0) return new NotTried(message);
  return new Failed(`${message}: name the one that is meant in backup.drill.database`, []);
}

/** The guards of append-only tables in a restored database. Fails with backup.failed where one is not as it was. */
async function tryGuards(session: Session, settings: ImmutabilitySettings): Promise<string> {
  if (settings.tables.length === 0) throw new NotTried('dbctl.yaml has no append-only table');
  const { steps, drift, refusals } = await planInstall(session, settings);
  const problems = [
    ...[...drift, ...refusals].map(({ object, problem }) => `${object}: ${problem}`),
    ...steps.map(({ object, summary }) => `${object}: ${summary}`),
  ];
  if (problems.length > 0) fail('backup.failed', problems.join('; '));
  return `${settings.tables.length} tables are guarded as they were`;
}

/**
 * Every path by which a protected row could change, as every role the backup knows, and as superuser. On the copy, and taken back all the
 * same: what is tried here is what was tried on production. Fails with backup.failed where one got through.
 */
async function tryAttacks(session: Session, settings: ImmutabilitySettings) {
  const [{ there } = { there: false }] = await session.rows<{ there: boolean }>(
    `select pg_catalog.to_regclass('dbctl.protected_relation') is not null as there`,
  );
  if (!there) {
    if (settings.tables.length === 0) throw new NotTried('no table is append-only');
    throw new Failed('no table is protected, and dbctl.yaml has append-only tables', []);
  }
  const options = { tables: [], roles: [], superuser: true, progress: silentProgress };
  const { results, relations, actors } = await selfTest(session, settings, options);
  const sentence = ({ path, relation, role, message }: (typeof results)[number]) =>
    `${path} on ${relation}${role === '' ? '' : ` as ${role}`}: ${message}`;
  const of = (verdict: (typeof results)[number]['verdict']) => results.filter((one) => one.verdict === verdict);
  const [open, unknown] = [of('open').map(sentence), of('unknown').map(sentence)];
  const tried = `${results.length} attempts on ${relations} tables and partitions as ${actors} roles`;
  if (open.length > 0) {
    const first = open.slice(0, 3).join('; ');
    throw new Failed(`${tried}: ${open.length} got through: ${first}`, [...open, ...unknown]);
  }
  if (relations === 0 && settings.tables.length > 0)
    throw new Failed('no table is protected, and dbctl.yaml has append-only tables', []);
  const missed = unknown.length === 0 ? '' : `, ${unknown.length} could not be tried`;
  return { message: `${tried}: none got through${missed}`, details: unknown };
}

/** Rows of a restored database against what was sealed. That the log belongs to another server, or ends early, is right here. */
async function tryLedger(session: Session, settings: LedgerSettings, openSession: OnDatabase): Promise<string> {
  const [{ there } = { there: false }] = await session.rows<{ there: boolean }>(
    `select pg_catalog.to_regclass('dbctl.ledger_checkpoint') is not null as there`,
  );
  if (!there) throw new NotTried('nothing was sealed in the ledger');
  const findings = await verifyLedger(session, {
    settings,
    sinks: [],
    extent: { full: true, newest: 0, sample: 0 },
    jobs: 1,
    openSession,
    onRows: () => {},
  });
  const bad = findings.filter(({ kind }) => kind === 'tampered');
  if (bad.length > 0) fail('backup.failed', bad.map(({ object, message }) => `${object}: ${message}`).join('; '));
  const sealed = findings.filter(({ kind }) => kind === 'sealed').length;
  return sealed === 0 ? 'nothing was sealed' : `${sealed} partitions and logs as they were sealed`;
}
