import { readText } from '../backup/repository.ts';
import { openReport, type ChainedReport, type ReportKind, type ReportPlace } from './report.ts';

/** The three files of a report. */
export interface ReportFiles {
  readonly id: string;
  readonly json: string;
  readonly md: string;
  readonly note: string;
}

/**
 * The newest report once more, whole, in one file that is written first. Three files cannot be written at one moment: of what a killed run
 * left half, this has the rest, and nothing has to be removed, which the rights to a locked bucket do not allow.
 */
const copyKey = (folder: string): string => `${folder}newest/copy.json`;

export async function putNewestCopy({ storage }: ReportPlace, folder: string, files: ReportFiles): Promise<void> {
  await storage.write(copyKey(folder), Buffer.from(`${JSON.stringify(files)}\n`));
}

/** The JSON last: a report without its note is none. */
export async function storeFiles({ storage }: ReportPlace, folder: string, { id, ...files }: ReportFiles): Promise<void> {
  for (const kind of ['note', 'md', 'json'] as const) await storage.write(`${folder}${id}.${kind}`, Buffer.from(files[kind]));
}

/** The copy, where its note is good; null: there is none, or none that anybody signed. */
export async function newestCopy<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  publicKeys: readonly string[],
): Promise<ReportFiles | null> {
  const text = await readText(place, copyKey(kind.folder));
  if (text === null) return null;
  try {
    const { id, json, md, note } = JSON.parse(text) as ReportFiles;
    return openReport(kind, { id, text: json, note }, publicKeys) === null ? null : { id, json, md, note };
  } catch {
    // Whatever it is, nobody signed it.
    return null;
  }
}
