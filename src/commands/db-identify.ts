import path from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'db identify',
  summary: 'write down which server and database the environment is, for every command to check',
  description:
    'Writes dbctl.identity.NAME.yaml next to dbctl.yaml: system identifier of the cluster, database, major version. From then on every command ' +
    'that connects looks first, and refuses another server before it does anything: an address can lead elsewhere, a cluster is one for ' +
    'life. Commit the file. Where it is there, this compares and never overwrites: a server that was replaced on purpose is a reviewed change.',
  effect: 'changes',
  examples: [['dbctl db identify --env prod', 'once, then commit the file']],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const { identityFileName, identityText } = await import('../config/identity.ts');
  const { folder } = await context.config();
  const { env, dryRun } = context.globals;
  const file = path.join(folder, identityFileName(env));
  // With a file of that name the session is compared with it before it comes here.
  return context.withDatabase({ access: 'read', applicationName: 'dbctl db identify' }, async (session) => {
    const { systemIdentifier, database, serverVersion } = session;
    if (systemIdentifier === null) {
      const { ident } = await import('../db/ident.ts');
      const hint = `Let the role ask: grant execute on function pg_catalog.pg_control_system() to ${ident(session.user)}`;
      return fail('db.denied', `${session.host}:${session.port} does not tell its system identifier`, { hint });
    }
    const major = Math.floor(serverVersion / 10_000);
    const made = !dryRun && (await writeNew(file, identityText(env, { systemIdentifier, database, major })));
    const what = `server ${systemIdentifier}, database ${database}, PostgreSQL ${major}`;
    const shown = path.relative(context.cwd, file);
    const { fileExists } = await import('../config/find-file.ts');
    const message = made
      ? `written: ${what}`
      : (await fileExists(file))
        ? `as the file says: ${what}`
        : `would be written: ${what}`;
    return {
      ok: true,
      items: [item({ id: 'identity', object: shown, message, systemIdentifier, database, major })],
      summary: { systemIdentifier, database, major, written: made },
      target: context.target(session),
      view: { text: `${shown}: ${message}${made ? '\nCommit it.' : ''}` },
    };
  });
}

/** False: it is there. */
async function writeNew(file: string, text: string): Promise<boolean> {
  const { writeFile } = await import('node:fs/promises');
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    return fail('config.invalid', `${file} cannot be written: ${code ?? 'unknown reason'}`, { cause: thrown });
  }
}
