import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../../src/db/session.ts';
import { loadSeed, readSeed } from '../../../src/ops/seed/seed.ts';
import { LARGE, SMALL } from './access-path-cases.ts';
import { columnOf, rolledBack, useSchemaDatabase, valueOf } from './support.ts';

const database = useSchemaDatabase();

beforeAll(async () => {
  const seed = await readSeed(fileURLToPath(new URL('../../../migrations', import.meta.url)), 'demo');
  await withSession(database.target, { access: 'write' }, (session) => loadSeed(session, seed));
  await database.client.query('analyze');
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

interface Plan {
  /** Of a partition the index of the parent that it belongs to. */
  readonly indexes: readonly string[];
  /** Tables and partitions read from end to end. */
  readonly scanned: readonly string[];
  /** Rows of one table are sorted although an index should give them in order. Partitions may be sorted: those without rows are. */
  readonly sorted: boolean;
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Of a partition with less than ten pages nothing is said: in months without rows, or on the first of one, any way is as good. */
const COUNTS = `(not t.relispartition or t.relpages >= 10)`;

async function planOf(sql: string): Promise<Plan> {
  const [root] = await valueOf<{ Plan: PlanNode }[]>(database.client, `explain (format json) ${sql}`);
  const nodes = root === undefined ? [] : nodesOf(root.Plan);
  const indexes = await columnOf<string>(
    database.client,
    `select distinct coalesce(p.relname, c.relname)::text from pg_catalog.pg_class c
     join pg_catalog.pg_index i on i.indexrelid = c.oid
     join pg_catalog.pg_class t on t.oid = i.indrelid
     left join pg_catalog.pg_inherits link on link.inhrelid = c.oid
     left join pg_catalog.pg_class p on p.oid = link.inhparent
     where c.relname = any ($1) and ${COUNTS} order by 1`,
    [nodes.flatMap((node) => node['Index Name'] ?? [])],
  );
  const scanned = await columnOf<string>(
    database.client,
    `select t.relname::text from pg_catalog.pg_class t where t.relname = any ($1) and ${COUNTS} order by 1`,
    [nodes.flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : []))],
  );
  const types = nodes.map((node) => node['Node Type']);
  return { indexes, scanned, sorted: types.some((type) => type.endsWith('Sort')) && !types.includes('Append') };
}

const withIndexesOnly = (query: string, before = ''): Promise<Plan> =>
  rolledBack(database.client, async () => {
    await database.client.query(`${before}; set local enable_seqscan = off; set local enable_sort = off`);
    return planOf(query);
  });

describe('access paths', () => {
  it.each(LARGE)('%s is taken', async (index, query) => {
    expect(await planOf(query)).toEqual({ indexes: [index], scanned: [], sorted: false });
  });

  it.each(SMALL)('%s can be taken', async (index, query) => {
    expect(await withIndexesOnly(query)).toEqual({ indexes: [index], scanned: [], sorted: false });
  });

  it('are seen to be missing when an index has the right rows in the wrong order', async () => {
    const other = `drop index jobs.jobs_claim_idx; create index other on jobs.jobs (finished_at) where state = 'queued'`;
    const query = `select id from jobs.jobs where state = 'queued' and run_at <= now() order by run_at, id limit 10`;
    expect(await withIndexesOnly(query, other)).toEqual({ indexes: ['other'], scanned: [], sorted: true });
  });

  it('are seen to be missing when the index is', async () => {
    const query = `select id from content.labs where metadata ->> 'lab_id' = 'DEMO-007'`;
    expect(await withIndexesOnly(query, 'drop index content.labs_metadata_lab_id_idx')).toEqual({
      indexes: [],
      scanned: ['labs'],
      sorted: false,
    });
  });
});
