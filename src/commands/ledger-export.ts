import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'ledger export',
  summary: 'write the whole log into a folder, to be checked without the database',
  description:
    'Epochs, checkpoints with their signed notes, windows, column lists, receipts and events, one JSON line each, read in one snapshot. ' +
    'Hashes and names only, no row. With it and the rows of a backup anybody can say which of the two was changed.',
  effect: 'reads',
  args: [{ name: '<folder>', description: 'a new folder' }],
  examples: [['dbctl ledger export --env prod evidence/2026-11', 'for an auditor']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { exportLedger } = await import('../ops/ledger/export.ts');
  const folder = String(options['folder']);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl ledger', statementTimeoutMs: 0 }, async (session) => {
    const files = await exportLedger(session, resolve(context.cwd, folder));
    return {
      ok: true,
      items: files.map(({ name, lines, sha256 }) =>
        item({ id: name, object: `${folder}/${name}`, message: `${lines} lines`, lines, sha256 }),
      ),
      summary: { folder, files: files.length },
      target: context.target(session),
      view: {
        columns: [
          { field: 'object', title: 'file' },
          { field: 'lines', title: 'lines', align: 'right' },
          { field: 'sha256', title: 'sha256' },
        ],
      },
    };
  });
}
