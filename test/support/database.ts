import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { ident } from '../../src/db/ident.ts';
import type { ConnectionTarget } from '../../src/runtime/connection/target.ts';
import { databaseUrl, onServer, targetOf } from './connection.ts';

export interface TestDatabaseOptions {
  /** `empty` (default): as `create database` makes it. `migrated`: with the reference project's migrations applied. */
  readonly template?: 'empty' | 'migrated';
}

export interface TestDatabase {
  readonly name: string;
  /** A superuser's URL, with password. */
  readonly url: string;
  readonly target: ConnectionTarget;
  /** Ends its sessions and drops it. */
  drop(): Promise<void>;
}

/** A database of its own on the server of the run. Drop it in afterEach or afterAll. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = inject('databaseUrl');
  const name = `t_${process.pid}_${randomBytes(4).toString('hex')}`;
  const template = options.template === 'migrated' ? migratedTemplate() : 'template0';
  await onServer(server, `create database ${ident(name)} template ${ident(template)}`);
  return {
    name,
    url: databaseUrl(server, name),
    target: targetOf(server, name),
    drop: () => onServer(server, `drop database if exists ${ident(name)} with (force)`),
  };
}

function migratedTemplate(): string {
  const template = inject('migratedTemplate');
  if ('name' in template) return template.name;
  throw new Error(`there is no migrated template, because migrating it failed: ${template.problem}`);
}

/** A database for the length of `use`. */
export async function withTestDatabase<T>(options: TestDatabaseOptions, use: (database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await createTestDatabase(options);
  try {
    return await use(database);
  } finally {
    await database.drop();
  }
}
