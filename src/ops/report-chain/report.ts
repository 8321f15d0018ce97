import { sha256Of } from '../backup/manifest.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { openNote } from '../signing/note.ts';

/** Where reports are kept: a repository of backups, or a storage for nothing else. */
export type ReportPlace = Pick<Repository, 'name' | 'storage' | 'work'>;

/** What every report of a chain says besides what it is about. */
export interface ChainedReport {
  /** First line of its note, such as `dbctl-drill/1`. */
  readonly format: string;
  /** `000003-20261121T060000Z-prod`: its place in the chain is in front, so that a clock that was set back changes nothing. */
  readonly id: string;
  /** Place in the chain, from 1. */
  readonly number: number;
  /** When it was made, ISO 8601. */
  readonly at: string;
  /** The report before it, by the hash of its text. */
  readonly previous: { readonly id: string; readonly report: string } | null;
}

/** One kind of report, with a chain of its own. */
export interface ReportKind<Report extends ChainedReport> {
  readonly format: Report['format'];
  /** Of the storage; ends with `/`. */
  readonly folder: string;
  /** The report for people. Pure: the same report gives the same text. */
  readonly markdown: (report: Report) => string;
  /**
   * Whether the note names the hash of the Markdown, too. Where it does not, the Markdown is made again to be compared, so that its layout
   * stays as it is for ever.
   */
  readonly sealsMarkdown: boolean;
  /** What is wrong with a report that is good by itself, and of another chain; null: it is of this one. */
  readonly misplaced?: (report: Report) => string | null;
}

/** A report whose note was good. */
export interface SealedReport<Report> {
  readonly report: Report;
  /** What the note says of its Markdown; null: nothing. */
  readonly markdown: string | null;
}

export const reportText = (report: ChainedReport): string => `${JSON.stringify(report, null, 2)}\n`;

/** Place of a report in the chain, as its name says. */
export const numberOf = (id: string): number => Number.parseInt(id, 10);

export function reportId(number: number, at: Date, about: string): string {
  return `${String(number).padStart(6, '0')}-${at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${about}`;
}

/** What is signed: which report, and the hash of every byte of it. */
const noteHead = (format: string, id: string, text: string): string => `${format}\n${id}\nreport ${sha256Of(text)}\n`;

export function noteText({ format, sealsMarkdown }: ReportSeal, id: string, text: string, markdown: string): string {
  return `${noteHead(format, id, text)}${sealsMarkdown ? `markdown ${sha256Of(markdown)}\n` : ''}`;
}

type ReportSeal = Pick<ReportKind<ChainedReport>, 'format' | 'sealsMarkdown'>;

/** The report of that text, once its note is found to be good. Fails with refused, saying why it is not. */
export function openReport<Report extends ChainedReport>(
  { format, sealsMarkdown }: ReportKind<Report>,
  { id, text, note }: { readonly id: string; readonly text: string; readonly note: string },
  publicKeys: readonly string[],
): SealedReport<Report> | null {
  const signed = openNote(note, publicKeys).text;
  const head = noteHead(format, id, text);
  const rest = signed.startsWith(head) ? signed.slice(head.length) : null;
  const markdown = rest === null ? null : /^markdown ([0-9a-f]{64})\n$/.exec(rest);
  if (rest === null || (sealsMarkdown ? markdown === null : rest !== '')) return null;
  return { report: JSON.parse(text) as Report, markdown: markdown?.[1] ?? null };
}

/** Names of the reports in the order of the chain. Files of other names take no place in it. */
export const reportIds = async ({ storage }: ReportPlace, folder: string): Promise<string[]> =>
  (await storage.names(folder))
    .filter((name) => /^\d{6,}-.*\.json$/.test(name))
    .map((name) => name.slice(0, -5))
    .toSorted((a, b) => numberOf(a) - numberOf(b));

/** Every report whose note is good, oldest first; others are passed over, as if they had not been made. */
export async function readReports<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  publicKeys: readonly string[],
): Promise<Report[]> {
  const ids = await reportIds(place, kind.folder);
  const found = await Promise.all(ids.map((id) => readReport(place, kind, id, publicKeys)));
  return found.filter((report) => report !== null);
}

/** The newest report that is asked for and whose note is good; null: there is none. Reads from the newest on, and no further. */
export async function newestReport<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  publicKeys: readonly string[],
  wanted: (report: Report) => boolean,
): Promise<Report | null> {
  for (const id of (await reportIds(place, kind.folder)).toReversed()) {
    const report = await readReport(place, kind, id, publicKeys);
    if (report !== null && wanted(report)) return report;
  }
  return null;
}

async function readReport<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  id: string,
  publicKeys: readonly string[],
): Promise<Report | null> {
  const [text, note] = await Promise.all(['json', 'note'].map((suffix) => readText(place, `${kind.folder}${id}.${suffix}`)));
  if (typeof text !== 'string' || typeof note !== 'string') return null;
  try {
    return openReport(kind, { id, text, note }, publicKeys)?.report ?? null;
  } catch {
    return null;
  }
}
