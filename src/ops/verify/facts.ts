import { DbctlError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Blindness } from './need.ts';

/** What checks compare a server with and neither its catalogs nor dbctl.yaml hold: it is looked for beside the session. */
export const FACT_NAMES = ['client_tools', 'cluster_nodes', 'backups', 'drills'] as const;
export type FactName = (typeof FACT_NAMES)[number];

export type Fact =
  | { readonly kind: 'seen'; readonly value: Json }
  /** It is declared, and could not be looked at: its checks are unknown. */
  | ({ readonly kind: 'unseen' } & Blindness)
  /** There is nothing to look at: its checks are skipped. */
  | { readonly kind: 'absent'; readonly reason: string };

export type Facts = Partial<Readonly<Record<FactName, Fact>>>;

/** As a parameter: null skips the check. */
export function factValue(fact: Fact | undefined): string | null {
  if (fact === undefined || fact.kind === 'absent') return null;
  return fact.kind === 'seen' ? JSON.stringify(fact.value) : '{}';
}

/** What a look at something outside the server may take, in milliseconds: verify answers in a second, and a storage that hangs must not keep it. */
export const FACT_PATIENCE_MS = 5_000;

/**
 * The fact, or that it could not be looked at: the look failed, or took too long. What it was given as a signal is then aborted, so that a
 * request nobody waits for does not keep the process. Rejects for defects only.
 */
export async function lookWithin(
  ms: number,
  what: string,
  fix: string,
  look: (late: AbortSignal) => Promise<Fact>,
): Promise<Fact> {
  const late = new AbortController();
  const reason = `${what} did not answer within ${ms / 1000} s`;
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<Fact>((resolve) => {
    timer = setTimeout(() => {
      resolve({ kind: 'unseen', reason, fix });
      late.abort(new Error(reason));
    }, ms);
  });
  try {
    return await Promise.race([look(late.signal).catch((thrown: unknown) => unseen(thrown, what, fix)), ended]);
  } finally {
    clearTimeout(timer);
  }
}

function unseen(thrown: unknown, what: string, fix: string): Fact {
  if (thrown instanceof DbctlError && thrown.code !== 'internal')
    return { kind: 'unseen', reason: `${what}: ${thrown.message}`, fix };
  throw thrown;
}
