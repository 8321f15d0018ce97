import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { guardBench } from '../immutability/support.ts';

const bench = guardBench('empty');

/** The blocks of docs/partitions.md about the table public.event, in order. */
const blocks = [
  ...readFileSync(new URL('../../../docs/partitions.md', import.meta.url), 'utf8').matchAll(/```sql\n(.*?)```/gs),
].map(([, sql]) => sql ?? '');

it('makes a table with rows partitioned as docs/partitions.md says, without reading them under its lock', async () => {
  await bench.rows(
    'create table public.event (id int primary key, created_at timestamptz not null default now(), body text not null default $$x$$ check (body <> $$$$))',
  );
  await bench.rows(
    `insert into public.event select n, '2026-01-01Z'::timestamptz + n * interval '1 hour' from generate_series(1, 5000) n`,
  );
  expect(blocks).toHaveLength(2);
  const [before = '', change = ''] = blocks;
  // create index concurrently is no part of a message of several statements.
  for (const statement of before.split(';\n').filter((text) => text.trim() !== '')) await bench.rows(statement);
  const said: string[] = [];
  bench.client.on('notice', ({ message }) => said.push(message ?? ''));
  await bench.rows('set client_min_messages = debug1');
  await bench.rows(change.replace('commit;', ''));
  await bench.rows('reset client_min_messages');
  // What the server says where it need not look: a scan would be that of a partition whose bound is not known to be kept.
  expect(said.filter((text) => text.includes('event_before'))).toContain(
    'partition constraint for table "event_before" is implied by existing constraints',
  );
  await bench.rows('commit');
  await bench.rows(`insert into public.event (id, created_at) values (9000, '2027-03-01Z'), (9001, '2026-02-01Z')`);
  expect(
    await bench.rows('select tableoid::regclass::text as partition, count(*)::int as n from public.event group by 1 order by 1'),
  ).toEqual([
    { partition: 'event_before', n: 5001 },
    { partition: 'event_default', n: 1 },
  ]);
  expect(await bench.refusal(`insert into public.event (id, created_at, body) values (1, '2026-03-01Z', '')`)).toMatch(/^23514 /);
  expect(await bench.refusal(`insert into public.event select * from public.event_before limit 1`)).toMatch(/^23505 /);
});
