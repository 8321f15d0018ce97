import pg from 'pg';
import { ident } from '../../../../src/db/ident.ts';
import type { TestServer } from '../../../support/server.ts';
import { randomDatabase } from './random-database.ts';

/** Makes the random database `<prefix>_db` of a seed; runs what can be run, and returns how many statements that were. */
export async function fill(server: TestServer, seed: number, prefix: string): Promise<number> {
  const { statements } = randomDatabase(seed, prefix);
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  await admin.query(`create database ${ident(`${prefix}_db`)}`);
  await admin.end();
  const client = new pg.Client({ connectionString: server.url(`${prefix}_db`) });
  await client.connect();
  let done = 0;
  for (const statement of statements) {
    await client.query(statement).then(
      () => (done += 1),
      () => client.query('reset role'),
    );
  }
  await client.end();
  return done;
}
