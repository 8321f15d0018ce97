import { withSession } from '../../db/session.ts';
import type { ConnectionTarget, HostAddress } from '../../runtime/connection/target.ts';
import type { Fact } from './facts.ts';

export type Node =
  | { readonly node: string; readonly version: number; readonly standby: boolean; readonly problem: null }
  | { readonly node: string; readonly version: null; readonly standby: null; readonly problem: string };

/**
 * Asks every host of the URL for its release: pg_stat_replication of the primary names standbys and does not say what they run. A URL of
 * one host says nothing about the others.
 */
export async function clusterNodesFact(target: ConnectionTarget, patienceMs: number, signal: AbortSignal): Promise<Fact> {
  if (target.hosts.length < 2) {
    return {
      kind: 'absent',
      reason: 'the URL names one host: with all of them (host1,host2) they are asked for their release, one by one',
    };
  }
  return judgeNodes(await Promise.all(target.hosts.map((host) => askNode(target, host, patienceMs, signal))));
}

/** A difference that was seen is one whoever else did not answer; none is only one when all did. Pure. */
export function judgeNodes(nodes: readonly Node[]): Fact {
  const silent = nodes.filter(({ problem }) => problem !== null);
  const differs = new Set(nodes.flatMap(({ version }) => version ?? [])).size > 1;
  if (silent.length === 0 || differs) return { kind: 'seen', value: nodes.map((node) => ({ ...node })) };
  return {
    kind: 'unseen',
    reason: silent.map(({ node, problem }) => `${node} could not be asked: ${problem}`).join('; '),
    fix: `run dbctl verify where ${silent.map(({ node }) => node).join(' and ')} can be reached`,
  };
}

async function askNode(target: ConnectionTarget, host: HostAddress, patienceMs: number, signal: AbortSignal): Promise<Node> {
  const node = `${host.host}:${host.port}`;
  const connectTimeoutMs = target.connectTimeoutMs === 0 ? patienceMs : Math.min(target.connectTimeoutMs, patienceMs);
  const one: ConnectionTarget = { ...target, hosts: [host], targetSessionAttrs: 'any', connectTimeoutMs };
  const options = { access: 'read', applicationName: 'dbctl verify', statementTimeoutMs: patienceMs, signal } as const;
  try {
    return await withSession(one, options, async (session) => {
      const [row] = await session.rows<{ standby: boolean }>('select pg_catalog.pg_is_in_recovery() as standby');
      return { node, version: session.serverVersion, standby: row?.standby ?? false, problem: null };
    });
  } catch (thrown) {
    signal.throwIfAborted();
    return { node, version: null, standby: null, problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
