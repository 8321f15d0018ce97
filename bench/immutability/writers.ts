import pg from 'pg';

export interface Load {
  readonly writers: number;
  /** Rows of one statement. */
  readonly rows: number;
}

const CONTEXT = JSON.stringify({
  app: 'web-app',
  request_id: '018f0000-0000-7000-8000-000000000001',
  ip: '192.0.2.17',
  query_name: 'sessions.complete',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
});

const INSERT = /* sql */ `
insert into public.events (actor, action, entity_id, context)
select 'user-' || (n % 100), 'lab.session.complete', '00000000-0000-7000-8000-000000000001', $2::jsonb
from generate_series(1, $1::int) n`;

const INSERT_ONE = /* sql */ `
insert into public.events (actor, action, entity_id, context)
values ('user-' || $1::int, 'lab.session.complete', '00000000-0000-7000-8000-000000000001', $2::jsonb)`;

/** Rows a second that `writers` connections insert in `ms` milliseconds, each statement a transaction of its own. */
export async function insertRate(url: string, { writers, rows }: Load, ms: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: writers }, () => open(url)));
  const query = rows === 1 ? { name: 'one', text: INSERT_ONE } : { name: 'many', text: INSERT };
  let inserted = 0;
  const started = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - started < ms) {
        await client.query({ ...query, values: [rows, CONTEXT] });
        inserted += rows;
      }
    }),
  );
  const elapsed = performance.now() - started;
  await Promise.all(clients.map((client) => client.end()));
  return (inserted / elapsed) * 1000;
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
