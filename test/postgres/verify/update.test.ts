import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, stopCluster } from '../../../src/ops/dev/cluster.ts';
import { withSession } from '../../../src/db/session.ts';
import { cachedPrograms } from '../../../src/ops/tools/cache-folder.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { clusterNodesFact } from '../../../src/ops/verify/cluster-nodes.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import { runChecks } from '../../../src/ops/verify/run.ts';
import { onServer } from '../../support/connection.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { clientTools } from '../../support/tools.ts';
import { POLICY } from './support.ts';

/** A minor update as it happens: the server of the pin stops, and Debian's newer one starts on its files. */
const IDS = ['version-post-upgrade', 'version-restart-pending', 'version-security-outdated'];
const checks = (await loadChecks([builtInFolder()])).filter(({ id }) => IDS.includes(id));
const NEVER = new AbortController().signal;
let [server, left]: TestServer[] = [];
let programs: { binFolder: string; account: TestServer['account'] };

beforeAll(async () => {
  [server, left] = await Promise.all([startServer(), startServer()]);
  const { cache } = await clientTools();
  programs = { binFolder: cachedPrograms(cache, 18).bin, account: server.account };
  await onServer(
    server.url(),
    'create extension ltree',
    'create extension btree_gist',
    'create table public.paths (path ltree, size float8)',
    'create index paths_idx on public.paths using gist (path)',
    'create index size_idx on public.paths using gist (size)',
  );
}, 240_000);
afterAll(async () => {
  await stopCluster(programs, (server as TestServer).data).catch(() => {});
  await Promise.all([server?.stop(), left?.stop()]);
});

const look = async (doneAfterUpdate: readonly string[] = []) => {
  const inputs = { policy: { ...POLICY, doneAfterUpdate }, advisories, clock: () => new Date() };
  const { outcomes } = await withSession((server as TestServer).target('postgres'), { access: 'read' }, (session) =>
    runChecks(session, checks, inputs),
  );
  return Object.fromEntries(
    outcomes.map((outcome) => [
      outcome.check.id,
      outcome.kind === 'found' ? outcome.findings.map(({ object }) => object) : outcome.kind,
    ]),
  );
};

describe('an update on the same files', () => {
  it('closes the holes, and leaves indexes to rebuild', async () => {
    const { data, port, socket, log } = server as TestServer;
    expect(await look()).toEqual({
      'version-post-upgrade': ['index public.paths_idx'],
      'version-restart-pending': 'pass',
      'version-security-outdated': ['18.4', '18.6'],
    });
    await (server as TestServer).halt();
    expect(await startCluster(programs, data, { port, socket }, log)).toMatchObject({ status: 0 });
    const after = await look();
    expect(after).toMatchObject({
      'version-post-upgrade': ['index public.paths_idx', 'index public.size_idx'],
      'version-restart-pending': 'pass',
      'version-security-outdated': 'pass',
    });
    const done = ['index public.paths_idx on 18.6', 'index public.size_idx on 18.6'];
    expect(await look(done)).toMatchObject({ 'version-post-upgrade': 'pass' });
  });

  it('is missed on the node that was left', async () => {
    const [one, other] = [server as TestServer, left as TestServer].map((node) => node.target('postgres'));
    const both = { ...one, hosts: [...(one?.hosts ?? []), ...(other?.hosts ?? [])] } as NonNullable<typeof one>;
    const fact = await clusterNodesFact(both, 5_000, NEVER);
    expect(fact).toMatchObject({
      kind: 'seen',
      value: [
        { version: expect.any(Number), problem: null },
        { version: 180002, problem: null },
      ],
    });
    const drift = (await loadChecks([builtInFolder()])).filter(({ id }) => id === 'version-cluster-drift');
    const inputs = { policy: POLICY, advisories, clock: () => new Date(), facts: { cluster_nodes: fact } };
    const { outcomes } = await withSession(both, { access: 'read' }, (session) => runChecks(session, drift, inputs));
    const [outcome] = outcomes;
    expect(outcome?.kind === 'found' ? outcome.findings.map(({ object }) => object) : outcome?.kind).toEqual([
      `${(left as TestServer).target('postgres').hosts[0]?.host}:${(left as TestServer).port}`,
    ]);
  });
});
