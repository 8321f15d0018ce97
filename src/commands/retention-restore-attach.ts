import type { ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type View } from '../core/report.ts';
import type { ArchiveManifest } from '../ops/archive/manifest.ts';
import { ARCHIVE_SESSION, type Archives } from './archive-context.ts';
import type { Context } from './context.ts';
import { ensureRecords, reasonOf } from './retention-context.ts';
import { recordChanges } from './run-record-context.ts';

/** For how long a partition comes back, and why. */
export interface AttachOptions {
  readonly stay: string;
  readonly reason: string;
}

const STAY = '30 days';

/** Null: it is not to be attached. Fails with usage where options do not fit together. */
export function attachOptions(options: ParsedOptions): AttachOptions | null {
  if (options['attach'] === true) return { stay: (options['for'] ?? STAY) as string, reason: reasonOf(options['reason']) };
  const stray = ['for', 'reason'].find((name) => options[name] !== undefined);
  if (stray !== undefined)
    fail('usage', `--${stray} is about --attach`, { hint: 'A table made by --into stays until somebody drops it.' });
  return null;
}

/** Brings a partition back to its table, and says until when. Fails like {@link attachArchive}. */
export async function attachAgain(
  { config, destination }: Archives,
  manifest: ArchiveManifest,
  { stay, reason }: AttachOptions,
  view: View,
  context: Context,
): Promise<Answer> {
  const { attachArchive, findReturnable } = await import('../ops/archive/attach.ts');
  const { dryRun } = context.globals;
  return context.withDatabase({ ...ARCHIVE_SESSION, access: dryRun ? 'read' : 'write' }, async (session) => {
    if (!dryRun) await ensureRecords(session, context);
    const { partition, table } = await findReturnable(session, manifest);
    const facts = { id: manifest.id, object: partition, rows: manifest.rows };
    if (dryRun) {
      const message = `would come back to ${table} for ${stay}`;
      return { ok: true, items: [item({ ...facts, message })], summary: { rows: manifest.rows }, view };
    }
    await context.confirm(`${manifest.rows} rows come back to ${table} as ${partition}, for ${stay}. Go on?`);
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const step = context.progress.step(`bring ${partition} back`, bytes, 'bytes');
    const reading = { onBytes: (count: number) => step.tick(count), signal: context.signal };
    const { owner } = config.immutability;
    const inputs = { destination, manifest, owner, stay, reason };
    const { rows, segment, until } = await attachArchive(session, inputs, reading).catch((thrown: unknown) => {
      step.failed();
      throw thrown;
    });
    step.done();
    await recordChanges(session, context, 'retention restore', { archive: manifest.id, partition, rows, segment, until, reason });
    const roots = manifest.ledger === null ? '' : ', roots of the ledger as they were sealed';
    return {
      ok: true,
      items: [item({ ...facts, message: `every row as it was archived${roots}; attached until ${until}`, segment, until })],
      summary: { archive: manifest.id, partition, rows, segment, until },
      target: context.target(session),
      view: { ...view, notes: [`${partition} takes no new rows. From ${until} on it leaves again, as it left before.`] },
    };
  });
}
