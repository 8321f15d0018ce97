import { resolve } from 'node:path';
import type { ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import type { Choice } from '../ops/drill/choose.ts';
import type { ForeignSettings, ForeignTool } from '../ops/drill/foreign/tool.ts';
import type { Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { drillInputs, reportDrill } from './drill-context.ts';

/** Drills the newest backup pgBackRest or Barman made. */
export async function drillForeign(options: ParsedOptions, backups: Backups, context: Context): Promise<Answer> {
  const [{ drillForeignBackup }, { choiceText }] = await Promise.all([
    import('../ops/drill/foreign/recovery.ts'),
    import('../ops/drill/choose.ts'),
  ]);
  const began = context.clock();
  const tool = await toolOf(options, context);
  const [found, version] = [await tool.newest(), await tool.version()];
  const choice: Choice = { by: 'tool', tool: tool.kind, subject: tool.subject };
  const inputs = await drillInputs(backups, context, context.globals.env);
  const role = (options['fromRole'] as string | undefined) ?? 'postgres';
  const chosen = { began, message: `${found.id}, ${choiceText(choice)}` };
  const drill = await drillForeignBackup(tool, found, role, { ...inputs, chosen });
  const backup = {
    id: found.id,
    type: tool.kind,
    database: tool.subject,
    manifest: null,
    snapshotAt: found.takenAt.toISOString(),
    sizeBytes: found.sizeBytes,
  };
  return reportDrill(drill, { backup, choice, programs: { [tool.kind]: version } }, backups, context);
}

async function toolOf(options: ParsedOptions, context: Context): Promise<ForeignTool> {
  const kind = options['from'] as ForeignTool['kind'];
  const word = (name: string) => options[name] as string | undefined;
  const path = (name: string) => (word(name) === undefined ? undefined : resolve(context.cwd, word(name) ?? ''));
  const program = path('fromProgram') ?? `/usr/bin/${kind}`;
  const settings: ForeignSettings = { program, config: path('fromConfig'), signal: context.signal };
  if (kind === 'barman') {
    const { barman } = await import('../ops/drill/foreign/barman.ts');
    return barman(subject('server', kind, word), settings);
  }
  const [{ pgBackRest }, { serverAccount }] = await Promise.all([
    import('../ops/drill/foreign/pgbackrest.ts'),
    import('../ops/process/account.ts'),
  ]);
  return pgBackRest(subject('stanza', kind, word), settings, await serverAccount(process.getuid?.()));
}

/** The stanza or the server; the other word belongs to the other tool. */
function subject(name: 'stanza' | 'server', kind: string, word: (name: string) => string | undefined): string {
  const [given, other] = [word(name), name === 'stanza' ? 'server' : 'stanza'];
  const hint = 'Run dbctl backup drill --help.';
  if (word(other) !== undefined) fail('usage', `--from ${kind} has no --${other}`, { hint });
  if (given === undefined) fail('usage', `--from ${kind} needs --${name}`, { hint });
  if (/^[A-Za-z0-9][\w.-]*$/.test(given)) return given;
  return fail('usage', `--${name} takes a name, not ${given}`, { hint });
}
