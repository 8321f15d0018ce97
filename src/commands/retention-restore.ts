import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import {
  ARCHIVE_ARGUMENT,
  ARCHIVE_IDENTITY_OPTION,
  ARCHIVE_SESSION,
  chooseArchive,
  DESTINATION_OPTION,
  openArchives,
} from './archive-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'retention restore',
  summary: 'bring an archive back into a new table, and compare it with what was archived',
  description:
    'The table gets the columns the rows had, without keys, defaults, guards and grants: it is there to be looked into. Every row is compared ' +
    'with the signed manifest, and with what the ledger sealed, before the table is there for others; where they differ nothing is left. ' +
    'Needs create in the schema.',
  effect: 'changes',
  args: [ARCHIVE_ARGUMENT],
  options: [
    { flags: '--into <table>', description: 'schema.table, which must not be there' },
    DESTINATION_OPTION,
    ARCHIVE_IDENTITY_OPTION,
  ],
  examples: [
    [
      'dbctl retention restore lab-audit.audit_log_2025_10-16423-csv-1f0c9a7b2d3e4f50 --into cold.audit_log_2025_10',
      'to look into it',
    ],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const into = options['into'] as string | undefined;
  if (into === undefined)
    return fail('usage', '--into is missing: which table are the rows to go into', {
      hint: 'Name a new one: --into cold.audit_log_2025_10.',
    });
  const archives = await openArchives(
    context,
    options['destination'] as string | undefined,
    options['identity'] as string | undefined,
  );
  const manifest = await chooseArchive(archives, String(options['archive']));
  const facts = { id: manifest.id, object: into, rows: manifest.rows };
  const view = {
    columns: [
      { field: 'object', title: 'table' },
      { field: 'rows', title: 'rows', align: 'right' as const },
      { field: 'message', title: '' },
    ],
  };
  if (context.globals.dryRun)
    return {
      ok: true,
      items: [item({ ...facts, message: `would come from ${manifest.id}` })],
      summary: { rows: manifest.rows },
      view,
    };
  const { restoreArchive } = await import('../ops/archive/restore.ts');
  const step = context.progress.step(
    `restore into ${into}`,
    manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
    'bytes',
  );
  return context.withDatabase(ARCHIVE_SESSION, async (session) => {
    const reading = { onBytes: (bytes: number) => step.tick(bytes), signal: context.signal };
    const { rows } = await restoreArchive(session, archives.destination, manifest, into, reading).catch((thrown: unknown) => {
      step.failed();
      throw thrown;
    });
    step.done();
    const roots = manifest.ledger === null ? '' : ', roots of the ledger as they were sealed';
    return {
      ok: true,
      items: [item({ ...facts, message: `every row as it was archived${roots}` })],
      summary: { archive: manifest.id, into, rows },
      target: context.target(session),
      view: { ...view, notes: [`${into} has no keys, guards or grants: drop it when it was looked into.`] },
    };
  });
}
