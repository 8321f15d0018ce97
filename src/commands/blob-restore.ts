import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { RestoreOptions, Returned, WantedBlob } from '../ops/blobs/restore.ts';
import type { BlobFacts } from '../ops/blobs/inspect.ts';
import { blobRulesOf, openBlobPlaces } from './blob-context.ts';
import { sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { RETENTION_SESSION } from './retention-context.ts';

export interface BlobRestoreWish {
  /** SHA-256, or primary key of a row. */
  readonly blob: string;
  /** File it is written to; undefined: back to where its rows say. */
  readonly to: string | undefined;
  readonly rule: string | undefined;
  readonly identity: string | undefined;
}

/** `retention restore --blob`: one blob comes back from cold storage, compared with the row that proves it. */
export async function restoreBlobOf(wish: BlobRestoreWish, context: Context): Promise<Answer> {
  const rules = await blobRulesOf(context, wish.rule === undefined ? undefined : [wish.rule]);
  const [rule] = rules;
  if (rule === undefined || rules.length > 1)
    return fail('usage', `several rules move blobs: ${rules.map(({ name }) => name).join(', ')}`, {
      hint: 'Name the one: --rule NAME.',
    });
  const to = wish.to === undefined ? undefined : resolve(context.cwd, wish.to);
  if (to !== undefined) await requireFolder(to);
  const places = await openBlobPlaces(rule, context, wish.identity);
  const [{ inspectBlobRule }, { wantedBlob }] = await Promise.all([
    import('../ops/blobs/inspect.ts'),
    import('../ops/blobs/restore.ts'),
  ]);
  const session = { access: 'write', ...RETENTION_SESSION, statementTimeoutMs: 0 } as const;
  return context.withDatabase(session, async (opened) => {
    const facts = await inspectBlobRule(opened, rule, 'look');
    if ('problem' in facts)
      return fail('refused', facts.problem, { hint: facts.grants.join(' ') || 'Look at the rule: dbctl retention plan.' });
    await requireRight(opened);
    const wanted = await wantedBlob(opened, facts, places.destination, wish.blob);
    if (context.globals.dryRun) return answer(wanted, [], to, context, opened);
    const step = context.progress.step(`restore ${wanted.copy.sha256.slice(0, 12)}`, undefined, 'bytes');
    const options = { ...places, onBytes: (bytes: number) => step.tick(bytes), signal: context.signal };
    const returned = await bring(opened, facts, wanted, to, options).catch((thrown: unknown) => {
      step.failed();
      throw thrown;
    });
    step.done();
    return answer(wanted, returned, to, context, opened);
  });
}

/** What is brought back and cannot be recorded would be taken for lost. */
async function requireRight(session: Session): Promise<void> {
  const { missingRights } = await import('../ops/blobs/events.ts');
  if ((await missingRights(session, ['record_blob_return'])).length === 0) return;
  fail('db.denied', `${session.user} may not record that a blob came back`, {
    hint: 'Name it under immutability.archivers in dbctl.yaml, then dbctl immutability install.',
  });
}

/** Before gigabytes are fetched. */
async function requireFolder(to: string): Promise<void> {
  const folder = await stat(dirname(to)).catch(() => null);
  if (folder?.isDirectory() !== true) fail('usage', `--to: there is no folder ${dirname(to)}`, { hint: 'Make it first.' });
  if ((await stat(to).catch(() => null)) !== null)
    fail('refused', `${to} is there already`, { hint: 'Name a new file: nothing is written over.' });
}

async function bring(
  session: Session,
  facts: BlobFacts,
  wanted: WantedBlob,
  to: string | undefined,
  options: RestoreOptions,
): Promise<readonly Returned[]> {
  const { restoreToFile, restoreToPlaces } = await import('../ops/blobs/restore.ts');
  return to === undefined
    ? restoreToPlaces(session, facts, wanted, options)
    : [await restoreToFile(session, facts, wanted, to, options)];
}

function answer(
  { copy, rows }: WantedBlob,
  returned: readonly Returned[],
  to: string | undefined,
  context: Context,
  session: Session,
): Answer {
  const places = to === undefined ? rows.map(({ location }) => location ?? '') : [to];
  const items =
    returned.length > 0
      ? returned.map(({ name, outcome }) =>
          item({
            id: copy.sha256,
            object: name,
            message: outcome === 'restored' ? 'restored, and compared with its proof' : 'there already, and what was proved',
            outcome,
          }),
        )
      : [...new Set(places)].map((place) =>
          item({ id: copy.sha256, object: place, message: `would come from ${copy.uri}`, outcome: 'planned' }),
        );
  const back = to === undefined && returned.length > 0;
  return {
    ok: true,
    items,
    summary: { sha256: copy.sha256, bytes: copy.bytes, from: copy.uri, rows: rows.length },
    target: context.target(session),
    view: {
      columns: [
        { field: 'object', title: 'place' },
        { field: 'message', title: '' },
      ],
      notes: [
        `${sizeText(copy.bytes)}, SHA-256 ${copy.sha256}.`,
        ...(back
          ? ['It stays there for as long as the rule keeps a new one, from now on. To keep it longer, place a hold.']
          : []),
      ],
    },
  };
}
