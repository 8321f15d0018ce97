import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { MaskingPlan } from '../ops/masking/plan.ts';
import { BACKUP_SESSION, sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { toolsContext } from './tools-context.ts';

export const spec: CommandSpec = {
  name: 'backup mask',
  summary: 'write a dump for developers, in which values are masked',
  description:
    'Replaces columns as backup.masking of dbctl.yaml says, in the query that copies them: the values themselves never leave the server. A ' +
    'column that can hold text and is neither masked nor kept there is a refusal, and so is a rule whose rows could not be loaded. Roles, ' +
    'passwords, owners, grants, statistics and large objects are not in it. It is no backup: nothing can be restored from it but a database to develop with.',
  effect: 'reads',
  args: [{ name: '<folder>', description: 'a folder that is not there yet' }],
  examples: [
    ['dbctl backup mask ./for-developers --env prod --dry-run', 'what would be masked, and what nobody decided about'],
    ['dbctl backup mask ./for-developers --env prod', 'write it; load.sql in it loads it'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { prepareMasking, writeMaskedDump } = await import('../ops/masking/dump.ts');
  const [{ config }, target, { places }] = await Promise.all([context.config(), context.connection(), toolsContext(context)]);
  const { columns, without_rows: withoutRows } = config.backup.masking;
  const settings = { columns, withoutRows };
  const folder = resolve(context.cwd, options['folder'] as string);
  return context.withDatabase(BACKUP_SESSION, async (opened) => {
    if (context.globals.dryRun) {
      return answer(await prepareMasking(opened, settings), folder, null, context.target(opened));
    }
    const { progress, signal } = context;
    const lockWaitMs = config.backup.lock_wait;
    const dump = await writeMaskedDump(opened, { folder, target, tools: places, settings, lockWaitMs, progress, signal });
    return answer(dump, folder, dump, context.target(opened));
  });
}

function answer(
  { tables, empty }: MaskingPlan,
  folder: string,
  written: { readonly rows: Readonly<Record<string, number>>; readonly bytes: number } | null,
  target: Answer['target'],
): Answer {
  const masked = tables.reduce((sum, table) => sum + table.masked.length, 0);
  return {
    ok: true,
    items: [
      ...tables.map(({ name, masked: columns }) => {
        const rows = written === null ? '' : `${written.rows[name] ?? 0} rows, `;
        const said = columns.map(({ column, as }) => `${column} as ${as}`).join(', ');
        return item({ id: 'table', object: name, message: `${rows}${said === '' ? 'nothing masked' : said}` });
      }),
      ...empty.map((name) => item({ id: 'empty', object: name, status: 'skipped', message: 'without rows' })),
    ],
    summary: {
      folder,
      tables: tables.length,
      empty: empty.length,
      masked,
      ...(written === null ? {} : { bytes: written.bytes }),
    },
    target: target ?? null,
    view: {
      columns: [
        { field: 'object', title: 'table' },
        { field: 'message', title: written === null ? 'would be written' : '' },
      ],
      notes:
        written === null
          ? []
          : [
              `${sizeText(written.bytes)} in ${folder}. To load it into a database of its own:`,
              `cd ${folder} && psql -X -1 -f load.sql "$(dbctl dev url)"`,
            ],
    },
  };
}
