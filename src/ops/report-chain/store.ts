import { sha256Of } from '../backup/manifest.ts';
import { readText, withRepositoryLock } from '../backup/repository.ts';
import { signNote } from '../signing/note.ts';
import type { Signer } from '../signing/signer.ts';
import { newestCopy, putNewestCopy, storeFiles } from './newest-copy.ts';
import {
  noteText,
  numberOf,
  reportId,
  reportIds,
  reportText,
  type ChainedReport,
  type ReportKind,
  type ReportPlace,
} from './report.ts';

/** Its place in the chain, which is known once nobody else can take it. */
export type ChainPlace = Pick<ChainedReport, 'id' | 'number' | 'at' | 'previous'>;

export interface StoreOptions {
  readonly at: Date;
  /** Ends the name of the report: a backup, an environment. */
  readonly about: string;
  readonly signer: Signer;
  readonly publicKeys: readonly string[];
  readonly signal: AbortSignal;
}

export interface StoredReport<Report> {
  readonly report: Report;
  /** Where its JSON is, for people. */
  readonly path: string;
  /** Its hash, the head of the chain. */
  readonly head: string;
}

/**
 * Stores a report as JSON with a signed note and as Markdown, chained to the one before; two at once one after the other, where they run on
 * one machine. `make` gets its place in the chain. A run that is killed leaves no report, or one that the next run puts in its place.
 * Fails with lock.held, with storage.failed, with refused where the key cannot be used, and with what `make` throws.
 */
export async function storeReport<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  make: (chain: ChainPlace) => Report | Promise<Report>,
  { at, about, signer, publicKeys, signal }: StoreOptions,
): Promise<StoredReport<Report>> {
  return withRepositoryLock(place, signal, async () => {
    await finishKilled(place, kind, publicKeys);
    const previous = await lastReport(place, kind.folder);
    const number = previous === null ? 1 : numberOf(previous.id) + 1;
    const id = reportId(number, at, about);
    const report = await make({ id, number, at: at.toISOString(), previous });
    const [json, md] = [reportText(report), kind.markdown(report)];
    const files = { json, md, note: await signNote(noteText(kind, id, json, md), signer) };
    await putNewestCopy(place, kind.folder, { id, ...files });
    await storeFiles(place, kind.folder, { id, ...files });
    return { report, path: `${place.storage.place}/${kind.folder}${id}.json`, head: sha256Of(json) };
  });
}

async function lastReport(place: ReportPlace, folder: string): Promise<ChainedReport['previous']> {
  const id = (await reportIds(place, folder)).at(-1);
  if (id === undefined) return null;
  return { id, report: sha256Of((await readText(place, `${folder}${id}.json`)) ?? '') };
}

/** What was signed and did not come to its place is put there. Whether something before it is missing is for the verification to say. */
async function finishKilled<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  publicKeys: readonly string[],
): Promise<void> {
  const copy = await newestCopy(place, kind, publicKeys);
  const last = (await reportIds(place, kind.folder)).at(-1);
  if (copy !== null && (last === undefined || numberOf(copy.id) > numberOf(last))) await storeFiles(place, kind.folder, copy);
}
