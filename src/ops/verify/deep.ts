import { DbctlError } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { DEEP_CHECKS, type DeepId } from './deep-checks.ts';
import { readFunctions, readTargets, type DeepFunction, type DeepTarget } from './deep-targets.ts';
import type { Finding, Outcome } from './outcome.ts';
import { plural } from './plural.ts';

/**
 * Looks into the relations themselves, one a statement, until the time is over: amcheck for indexes and tables, pgstattuple for free
 * space. Reads only, under the lock of a query, on a standby as well. What was not reached is unknown.
 * Fails only when the session itself does, or with the cancelled statement when the signal is aborted.
 */
export async function verifyDeep(
  session: Session,
  { budgetMs, clock, signal }: { readonly budgetMs: number; readonly clock: () => Date; readonly signal?: AbortSignal },
): Promise<Outcome[]> {
  const end = clock().getTime() + budgetMs;
  const functions = await readFunctions(session);
  const targets = await readTargets(session, functions);
  const looked = new Map<DeepTarget, Look>();
  for (const target of targets) {
    const left = end - clock().getTime();
    if (left <= 0) break;
    looked.set(target, await look(session, target, left, signal));
  }
  return (Object.keys(DEEP_CHECKS) as DeepId[]).map((id) => {
    const own = targets.filter(({ check }) => check === id);
    return outcome(session, id, blind(functions, id), own, looked, budgetMs);
  });
}

type Look =
  | { readonly kind: 'whole' | 'gone' | 'late' }
  | { readonly kind: 'damaged'; readonly messages: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

async function look(session: Session, { query, oid }: DeepTarget, left: number, signal: AbortSignal | undefined): Promise<Look> {
  try {
    await session.script(`set statement_timeout = ${Math.max(1, Math.ceil(left))}`);
    const rows = await session.rows<{ message: string | null }>(query, [oid]);
    const messages = rows.flatMap(({ message }) => message ?? []);
    return messages.length === 0 ? { kind: 'whole' } : { kind: 'damaged', messages };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || thrown.sqlstate === undefined || signal?.aborted === true) throw thrown;
    if (thrown.code === 'db.unreachable') throw thrown;
    return fromError(thrown.sqlstate, thrown.message);
  }
}

/** XX001 and XX002 are data_corrupted and index_corrupted; the rest of class XX is what code meets in a damaged page. */
function fromError(sqlstate: string, message: string): Look {
  if (sqlstate === '57014') return { kind: 'late' };
  // Dropped since it was listed.
  if (sqlstate === '42P01' || sqlstate === '42704' || message.startsWith('could not open relation with OID'))
    return { kind: 'gone' };
  return sqlstate.startsWith('XX') ? { kind: 'damaged', messages: [message] } : { kind: 'refused', reason: message };
}

/** Functions that are not there, or not for this role. */
function blind(functions: readonly DeepFunction[], id: DeepId): readonly DeepFunction[] {
  return functions.filter(({ check, call, mayUse, mayExecute }) => check === id && (call === null || !mayUse || !mayExecute));
}

function outcome(
  session: Session,
  id: DeepId,
  hidden: readonly DeepFunction[],
  targets: readonly DeepTarget[],
  looked: ReadonlyMap<DeepTarget, Look>,
  budgetMs: number,
): Outcome {
  const check = DEEP_CHECKS[id];
  const findings = [
    ...targets.flatMap((target) => damaged(target, looked.get(target))),
    ...hidden.map((one) => unseen(one, session)),
    ...notReached(session, targets, looked, budgetMs),
    ...targets.flatMap((target) => refused(target, looked.get(target))),
  ];
  return findings.length === 0 ? { kind: 'pass', check } : { kind: 'found', check, findings };
}

function damaged({ check, name, bytes }: DeepTarget, seen: Look | undefined): Finding[] {
  if (seen?.kind !== 'damaged') return [];
  const { messages } = seen;
  const more = messages.length > 3 ? `; and ${messages.length - 3} more` : '';
  const said = messages.slice(0, 3).join('; ') + more;
  switch (check) {
    case 'deep-index':
      return [
        {
          object: name,
          detail: `index ${name} is damaged: ${said}`,
          data: {
            bytes,
            statement: `reindex index concurrently ${name}; -- after a copy of the server's files, and once it is known why`,
          },
        },
      ];
    case 'deep-table':
      return [
        {
          object: name,
          detail: `table ${name} is damaged: ${said}`,
          data: {
            bytes,
            statement: `stop writing, copy the server's files, then restore ${name} from the newest backup that has it whole`,
          },
        },
      ];
    case 'deep-bloat':
      return [
        {
          object: name,
          detail: `table ${name}: ${said} is free space`,
          data: { bytes, statement: `vacuum (full) ${name}; -- in a maintenance window: it locks the table` },
        },
      ];
  }
}

/** A function that is missing, or that the role may not call. */
function unseen({ extension, name, call, schema, signature, mayUse, mayExecute }: DeepFunction, { user }: Session): Finding {
  const role = ident(user);
  const grants = [
    ...(mayUse ? [] : [`grant usage on schema ${schema} to ${role};`]),
    ...(mayExecute ? [] : [`grant execute on function ${signature} to ${role};`]),
  ];
  return {
    object: name,
    detail: call === null ? `extension ${extension} is not installed` : `role ${role} may not execute ${signature}`,
    data: { status: 'unknown', statement: call === null ? `create extension ${extension};` : grants.join('\n') },
  };
}

function notReached(
  { database }: Session,
  targets: readonly DeepTarget[],
  looked: ReadonlyMap<DeepTarget, Look>,
  budgetMs: number,
): Finding[] {
  const missed = targets.filter((target) => (looked.get(target)?.kind ?? 'late') === 'late');
  const [next] = missed;
  if (next === undefined) return [];
  const bytes = missed.reduce((sum, target) => sum + target.bytes, 0);
  const size = `${Math.ceil(bytes / 1_048_576)} MB`;
  return [
    {
      object: `${database}: not reached`,
      detail: `${written(budgetMs)} were over before ${plural(missed.length, 'relation')} of ${size}; the next was ${next.name}`,
      data: {
        status: 'unknown',
        missed: missed.length,
        bytes,
        statement: `dbctl verify --deep ${written(Math.min(budgetMs * 10, 86_400_000))}`,
      },
    },
  ];
}

function refused({ name }: DeepTarget, seen: Look | undefined): Finding[] {
  if (seen?.kind !== 'refused') return [];
  return [
    {
      object: name,
      detail: `${name}: ${seen.reason}`,
      data: { status: 'unknown', statement: 'run it again; what it says is the reason' },
    },
  ];
}

/** As `--deep` takes it. */
function written(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds}ms` : `${Math.ceil(milliseconds / 1000)}s`;
}
