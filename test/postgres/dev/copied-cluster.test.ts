import pg from 'pg';
import { expect, it } from 'vitest';
import { withServer, type TestServer } from '../../support/server.ts';

const FACTS = `select system_identifier::text as id, current_setting('data_checksums') as checksums, current_setting('work_mem') as memory
  from pg_control_system()`;

async function facts(server: TestServer): Promise<{ readonly id: string; readonly checksums: string; readonly memory: string }> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  const { rows } = await client.query<{ id: string; checksums: string; memory: string }>(FACTS);
  await client.end();
  return rows[0] ?? { id: '', checksums: '', memory: '' };
}

it('servers of the tests are clusters of their own, though their files begin as copies, and come up again after a crash', async () => {
  await withServer({ settings: { work_mem: '5MB' }, durable: true }, async (one) => {
    const before = await facts(one);
    expect(before).toMatchObject({ checksums: 'on', memory: '5MB' });
    await withServer({}, async (other) => expect((await facts(other)).id).not.toBe(before.id));
    await one.kill();
    await one.start();
    expect(await facts(one)).toEqual(before);
  });
});
