import { withClientEnvironment } from '../backup/client-environment.ts';
import { programRunner } from '../backup/programs.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { findPrograms } from '../tools/find.ts';
import type { DrillInputs } from './drill.ts';
import { NotTried } from './steps.ts';

/**
 * Every index against its table, by the program of PostgreSQL that knows how. Fails with backup.failed where one is not whole, and with
 * {@link NotTried} where there is no such program. Leaves the extension amcheck behind, so it comes after what looks at the database.
 */
export async function checkIndexes(
  target: ConnectionTarget,
  at: { readonly host: string; readonly port: number },
  databases: readonly string[],
  major: number,
  { tools, signal }: Pick<DrillInputs, 'tools' | 'signal'>,
): Promise<string> {
  const [found] = await findPrograms(tools, major, ['pg_amcheck']);
  const program = found?.taken ?? null;
  if (program === null) throw new NotTried(`pg_amcheck of PostgreSQL ${major} is not there: dbctl tools install`);
  const chosen = databases.map((database) => `--database=${pattern(database)}`);
  await withClientEnvironment(target, at, (environment) =>
    programRunner(environment, signal)(
      program,
      ['--no-password', '--install-missing=pg_catalog', '--heapallindexed', ...chosen],
      [],
      'Take another backup.',
    ),
  );
  return 'heaps and indexes are whole';
}

/** pg_amcheck takes patterns, as psql does: outside of quotes an upper case letter is a lower case one, and a dot divides. */
const pattern = (name: string): string => `"${name.replaceAll('"', '""')}"`;
