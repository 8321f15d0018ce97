import { fail } from '../../core/errors.ts';
import type { ClientProgram } from '../tools/program.ts';
import { runClient } from '../tools/run.ts';
import type { ClientEnvironment } from './client-environment.ts';
import { withoutSecrets } from './sql-secrets.ts';

/**
 * Runs a client program; what it says is what failed. A warning fails it, too: pg_dump warns of what it left out, pg_restore of what it
 * could not make. `paths` are the folders and files its arguments name. Fails with backup.failed.
 */
export const programRunner =
  (environment: ClientEnvironment, signal: AbortSignal) =>
  async (program: ClientProgram, args: readonly string[], paths: readonly string[], hint: string): Promise<void> => {
    const { status, stderr } = await runClient(program, { args, variables: environment, paths, signal });
    // pg_restore repeats the statement that failed.
    const said = withoutSecrets(whatWasSaid(stderr));
    if (status === 0 && said === '') return;
    fail('backup.failed', `${program.name}: ${firstLine(said) ?? `exit ${status}`}`, {
      hint,
      ...(said === '' ? {} : { detail: said }),
    });
  };

/**
 * What a program said that somebody has to hear; nothing: an empty text. On every connection the server says when the collation of its system
 * is another one than when the database was made: three lines, in the language of the server, the last with the statement that ends it. It is
 * no reason to have no backup; dbctl verify tells of it.
 */
export function whatWasSaid(stderr: string): string {
  const lines = stderr.split('\n');
  const ends = lines.flatMap((line, index) => (/ REFRESH (?:COLLATION )?VERSION\b/.test(line) ? [index] : []));
  return lines
    .filter((_, index) => !ends.some((end) => index <= end && index > end - 3))
    .join('\n')
    .trim();
}

/** The line that tells of the failure; behind it what the server said, which programs put into a detail of their own. */
function firstLine(said: string): string | undefined {
  const lines = said.split('\n').filter((line) => line !== '');
  const line = (lines.find((one) => /error|warning/i.test(one)) ?? lines[0])?.replace(/^[\w-]+: (?:error|warning): /, '');
  const [, server] = /Error message from server: (?:ERROR|FATAL):\s*(.*)/.exec(said) ?? [];
  return server === undefined || line === undefined || line.includes(server) ? line : `${line} ${server}`;
}
