import type { TestProject } from 'vitest/node';
import { dropTemplate, prepareTemplate, type MigratedTemplate } from './template.ts';
import { prepareClusterTemplate } from './server.ts';
import { startSharedServer } from './test-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the server the run shares, with password. */
    databaseUrl: string;
    /** The migrated template database of this run, or why there is none. */
    migratedTemplate: MigratedTemplate;
  }
}

/** One server and one migrated template for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Where the server is somebody's own or a container, files that start one of theirs do it the long way.
  const removeTemplate = await prepareClusterTemplate().catch(() => async () => {});
  const server = await startSharedServer();
  // A migration that does not run fails the tests that need it, not all of them.
  const template = await prepareTemplate(server.url).catch((thrown: Error): MigratedTemplate => ({ problem: thrown.message }));
  project.provide('databaseUrl', server.url);
  project.provide('migratedTemplate', template);
  return async () => {
    if ('name' in template) await dropTemplate(server.url, template.name);
    await server.stop();
    await removeTemplate();
  };
}
