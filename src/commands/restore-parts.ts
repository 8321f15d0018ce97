import { item, type Answer, type Item, type Target } from '../core/report.ts';
import type { SessionOptions } from '../db/session.ts';
import type { LogicalManifest } from '../ops/backup/manifest.ts';
import type { PreparedParts } from '../ops/restore/parts.ts';
import type { PartsWish } from '../ops/restore/selection.ts';
import type { ToolPlaces } from '../ops/tools/find.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import type { Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { comparisonItems } from './restore.ts';

interface PartsRequest {
  readonly manifest: LogicalManifest;
  readonly wish: PartsWish;
  readonly target: ConnectionTarget;
  readonly places: ToolPlaces;
  readonly session: SessionOptions;
}

/** Restores single tables or schemas of a dump into a database that does not have them, and says first what they need. */
export async function restoreSomeParts(request: PartsRequest, backups: Backups, context: Context): Promise<Answer> {
  const [{ prepareParts, restoreParts }, { withBackupFolder }] = await Promise.all([
    import('../ops/restore/parts.ts'),
    import('../ops/restore/bring.ts'),
  ]);
  const { manifest, wish, target, places } = request;
  const { progress, signal } = context;
  const { repository } = backups;
  const inputs = { repository, manifest, target, tools: places, jobs: 1, progress, signal };
  return context.withDatabase(request.session, (session) =>
    withBackupFolder(inputs, async (folder) => {
      const parts = await prepareParts(session, folder, wish, inputs);
      const said = partItems(parts, manifest, context.globals.dryRun);
      const on = context.target(session);
      if (context.globals.dryRun) return answer(manifest, said, null, on);
      await context.confirm(question(parts, manifest, `${session.database} on ${session.host}`));
      const started = context.clock().getTime();
      const compared = comparisonItems(await restoreParts(session, folder, parts, inputs));
      return answer(manifest, [...said, ...compared], (context.clock().getTime() - started) / 1000, on);
    }),
  );
}

function question({ tables, leftOut, dependents }: PreparedParts, { id, snapshotAt }: LogicalManifest, where: string): string {
  const lost = leftOut.length + dependents.length;
  const without = lost === 0 ? '' : `, without ${lost} things that --dry-run lists`;
  return `Restore ${some(tables)} of ${id} (data of ${snapshotAt}) into ${where}${without}?`;
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more tables`;

function partItems(parts: PreparedParts, { fingerprint }: LogicalManifest, isDryRun: boolean): Item[] {
  const rows = new Map(fingerprint.tables.map((table) => [table.name, table.rows]));
  const would = isDryRun ? 'would be ' : '';
  return [
    ...parts.tables.map((table) =>
      item({
        id: 'table',
        object: table,
        message: rows.has(table)
          ? `${would}restored with ${rows.get(table)} rows`
          : `${would}restored; its rows are in its partitions`,
      }),
    ),
    ...parts.needs.map(({ object, isThere }) =>
      item({ id: 'needed', object, message: isThere ? 'is there, the same, and left as it is' : `${would}made, too` }),
    ),
    ...parts.leftOut.map(({ object, kind, reason, fix }) =>
      item({ id: 'left-out', object, status: 'skipped', message: `${SPOKEN[kind] ?? kind} left out: ${reason}`, fix }),
    ),
    ...parts.dependents.map(({ object, reason }) =>
      item({ id: 'not-restored', object, status: 'skipped', message: `not restored: ${reason}` }),
    ),
  ];
}

/** Where pg_dump's word for it is nobody else's. */
const SPOKEN: Readonly<Record<string, string>> = {
  'fk constraint': 'foreign key',
  'table attach': 'place among the partitions',
  'publication table': 'place in a publication',
};

function answer(manifest: LogicalManifest, items: readonly Item[], seconds: number | null, target: Target | null): Answer {
  const differences = items.filter(({ status }) => status === 'fail').length;
  const fixes = items.flatMap(({ fix, id }) => (fix === null || id !== 'left-out' ? [] : [fix]));
  return {
    ok: differences === 0,
    items,
    summary: {
      id: manifest.id,
      differences,
      leftOut: items.filter(({ status }) => status === 'skipped').length,
      ...(seconds === null ? {} : { seconds }),
    },
    target,
    view: {
      title: `${manifest.id}, data of ${manifest.snapshotAt.replace(/\.\d+/, '')}`,
      columns: [
        { field: 'object', title: '' },
        { field: 'message', title: '' },
      ],
      notes: fixes.length === 0 ? [] : ['When the tables they lead to are there:', ...fixes],
    },
  };
}
