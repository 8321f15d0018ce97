import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Advisories } from './advisories.ts';
import type { Check } from './check.ts';
import { evaluate } from './evaluate.ts';
import { FACT_NAMES, type FactName, type Facts } from './facts.ts';
import { blindness, type Blindness, type Sight } from './need.ts';
import type { Outcome } from './outcome.ts';
import {
  declaredValue,
  isDeclared,
  PARAMETERS,
  type Declared,
  type Moment,
  type Parameter,
  type ParameterValues,
} from './parameters.ts';
import type { Policy } from './policy.ts';
import { lookAround } from './sight.ts';
import type { RecognisedVendor } from './vendor.ts';

export interface RunInputs {
  readonly policy: Policy;
  readonly advisories: Advisories;
  readonly clock: () => Date;
  /** What was found beside the server; without one, its checks are skipped. */
  readonly facts?: Facts;
  /** Aborted by the person: a statement cancelled by that says nothing about its check. */
  readonly signal?: AbortSignal;
}

/** What one look at a server brings. */
export interface Look {
  /** In the order of the checks. */
  readonly outcomes: Outcome[];
  /** Whose server it looks like. */
  readonly vendor: RecognisedVendor;
}

/**
 * Runs the checks in one read-only snapshot. A check that cannot look is an outcome, not an error.
 * Fails only when the session itself does (db.unreachable), or with the cancelled statement when the signal is aborted.
 */
export async function runChecks(session: Session, checks: readonly Check[], inputs: RunInputs): Promise<Look> {
  return inTransaction(
    session,
    'isolation level repeatable read, read only',
    () => runPrepared(session, checks, inputs),
    PREPARE,
  );
}

/** The same inside a transaction the caller holds. Leaves a savepoint behind and changes two settings until its end. */
export async function runInTransaction(session: Session, checks: readonly Check[], inputs: RunInputs): Promise<Look> {
  await session.script(PREPARE);
  return runPrepared(session, checks, inputs);
}

async function runPrepared(session: Session, checks: readonly Check[], inputs: RunInputs): Promise<Look> {
  const asked = inputs.clock();
  const sight = await lookAround(session, checks, inputs.advisories);
  const roundTripMs = Math.max(0, inputs.clock().getTime() - asked.getTime()) / 2;
  const values = (): ParameterValues => ({
    ...inputs,
    connection: session,
    moment: { now: inputs.clock(), roundTripMs } satisfies Moment,
  });

  const declared = values();
  const judged = checks.map((check) => withoutRunning(check, session, sight, declared) ?? check);
  const runnable = judged.filter((entry): entry is Check => !('kind' in entry));
  const ran = new Map((await evaluate(session, runnable, values, inputs.signal)).map((outcome) => [outcome.check.id, outcome]));
  const outcomes = judged.map((entry) => ('kind' in entry ? entry : (ran.get(entry.id) as Outcome)));
  return { outcomes, vendor: sight.vendor };
}

/** jit off: compiling one query over dozens of small catalogs costs more than running it. */
const PREPARE = 'set local search_path = pg_catalog; set local jit = off; savepoint before_checks';

/** The outcome of a check that needs no query to know it: not for this version, nothing declared, cannot see. */
function withoutRunning(check: Check, session: Session, sight: Sight, values: ParameterValues): Outcome | null {
  const reason = skipReason(check, Math.floor(session.serverVersion / 10_000), values) ?? absentFact(check, values);
  if (reason !== null) return { kind: 'skipped', check, reason };
  const blind = [...check.needs.flatMap((need) => blindness(need, sight) ?? []), ...unseenFacts(check, values)];
  if (blind.length === 0) return null;
  const unique = (texts: readonly string[]) => [...new Set(texts)];
  return {
    kind: 'unknown',
    check,
    reason: unique(blind.map((entry) => entry.reason)).join('; '),
    fix: unique(blind.map((entry) => entry.fix)).join('\n'),
  };
}

/** Why a check is not for this server or this project; null: it is. */
export function skipReason(check: Check, major: number, declared: Declared): string | null {
  return outsideVersions(check, major) ?? undeclared(check, declared);
}

function outsideVersions({ since, until }: Check, major: number): string | null {
  if (since !== null && major < since) return `applies since PostgreSQL ${since}, and the server is ${major}`;
  if (until !== null && major > until) return `applies until PostgreSQL ${until}, and the server is ${major}`;
  return null;
}

function undeclared(check: Check, declared: Declared): string | null {
  for (const name of check.params.filter(isDeclared)) {
    const parameter: Parameter = PARAMETERS[name];
    if (declaredValue(name, declared) === null)
      return `${parameter.setting.includes('.yaml') ? `there is no ${parameter.setting}` : `dbctl.yaml declares no ${parameter.setting}`} to compare with`;
  }
  return null;
}

/** What was declared and could not be looked at, outside of the server. */
/** Why there is nothing to look at; null: there is. */
function absentFact({ params }: Check, { facts }: ParameterValues): string | null {
  for (const name of params.filter(isFactName)) {
    const fact = facts?.[name];
    if (fact === undefined) return `nobody looked for ${PARAMETERS[name].setting} in this run`;
    if (fact.kind === 'absent') return fact.reason;
  }
  return null;
}

function unseenFacts({ params }: Check, { facts }: ParameterValues): Blindness[] {
  return params.filter(isFactName).flatMap((name) => {
    const fact = facts?.[name];
    return fact?.kind === 'unseen' ? [fact] : [];
  });
}

function isFactName(name: string): name is FactName {
  return (FACT_NAMES as readonly string[]).includes(name);
}
