import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The file of the migration behind all there are in a project: numbers have no gaps, and the reference schema goes on. */
export function nextMigration(project: string, title: string): string {
  const folder = join(project, 'migrations');
  const newest = readdirSync(folder).reduce((most, name) => Math.max(most, Number(/^\d+/.exec(name)?.[0] ?? 0)), 0);
  return join(folder, `${String(newest + 1).padStart(3, '0')}.do.${title}.sql`);
}
