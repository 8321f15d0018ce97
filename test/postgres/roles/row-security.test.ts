import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sqlBlocks, type SqlBlock } from '../runbooks/sql-blocks.ts';
import { startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';

/** Every SQL block of docs/row-level-security.md, in order, by the login it names. */
let lab: ReferenceLab;
const clients = new Map<string, pg.Client>();
beforeAll(async () => {
  lab = await startReferenceLab();
});
afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.end()));
  await lab.stop();
});

async function clientOf(login: string): Promise<pg.Client> {
  const known = clients.get(login);
  if (known !== undefined) return known;
  const client = new pg.Client({ connectionString: lab.url(login === 'dba' ? undefined : login) });
  await client.connect();
  clients.set(login, client);
  return client;
}

const blocks = sqlBlocks('docs/row-level-security.md').map((block): readonly [string, SqlBlock] => [
  `line ${block.line}, ${block.as}${block.expect === undefined ? '' : `: ${block.expect}`}`,
  block,
]);

test.each(blocks)('%s', async (_name, { sql, as, expect: code }) => {
  const client = await clientOf(as);
  const ended = await client.query(sql).then(
    (result) => [result].flat() as pg.QueryResult<Record<string, unknown>>[],
    async (thrown: unknown) => {
      await client.query('rollback');
      return (thrown as pg.DatabaseError).code;
    },
  );
  if (code !== undefined || !Array.isArray(ended)) return expect(Array.isArray(ended) ? 'done' : ended).toBe(code ?? 'done');
  const shown = ended.flatMap(({ rows }) => rows).flatMap((row) => Object.entries(row).filter(([name]) => name !== 'set_config'));
  for (const [name, value] of shown) expect(value, name).toBe(true);
});

test('the document says all of it about something that is shown', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(25);
});
