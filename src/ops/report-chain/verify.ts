import { sha256Of } from '../backup/manifest.ts';
import { readText } from '../backup/repository.ts';
import { newestCopy } from './newest-copy.ts';
import {
  numberOf,
  openReport,
  reportIds,
  type ChainedReport,
  type ReportKind,
  type ReportPlace,
  type SealedReport,
} from './report.ts';

/** One report of the chain, and what is wrong with it. */
export interface ChainLink<Report extends ChainedReport> {
  readonly id: string;
  readonly report: Report | null;
  /** Hash of its text: what the next one names, and what somebody may have written down. Null: it is gone. */
  readonly hash: string | null;
  /** One sentence each; none: it is as it was written, and follows what it followed. */
  readonly problems: readonly string[];
}

/**
 * Every report of one kind, in the order of the chain: is it the one that was signed, is the Markdown the one that belongs to it, and does it
 * follow the one before. One that was taken away shows by what is left of it, or at the next; the newest ones with all their files do not,
 * which is what a `head` that was written down elsewhere is for.
 */
export async function verifyReports<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  publicKeys: readonly string[],
  head?: string,
): Promise<readonly ChainLink<Report>[]> {
  const ids = await reportIds(place, kind.folder);
  const links: ChainLink<Report>[] = [];
  for (const id of ids) links.push(await verifyLink(place, kind, id, publicKeys, links.at(-1)));
  const absent = head === undefined || links.some(({ hash }) => hash === head) ? [] : [lost(head, 'no report has this hash')];
  return [...links, ...(await remains(place, kind, ids, publicKeys)), ...absent];
}

const lost = (id: string, ...problems: readonly string[]): ChainLink<never> => ({ id, report: null, hash: null, problems });

async function verifyLink<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  id: string,
  publicKeys: readonly string[],
  before: ChainLink<Report> | undefined,
): Promise<ChainLink<Report>> {
  const [text, note, markdown] = await Promise.all(
    ['json', 'note', 'md'].map((suffix) => readText(place, `${kind.folder}${id}.${suffix}`)),
  );
  if (typeof text !== 'string') return lost(id, 'its report is gone');
  const hash = sha256Of(text);
  const sealed = openOrProblem(kind, id, text, note ?? null, publicKeys);
  // What nobody signed is not looked into.
  if (typeof sealed === 'string') return { id, report: null, hash, problems: [sealed] };
  const { report } = sealed;
  const misplaced = kind.misplaced?.(report) ?? null;
  return {
    id,
    report,
    hash,
    problems: [
      ...(misplaced === null ? [] : [misplaced]),
      ...markdownProblems(kind, sealed, markdown ?? null),
      ...placeProblems(report, id, before),
    ],
  };
}

function markdownProblems<Report extends ChainedReport>(
  { markdown }: ReportKind<Report>,
  sealed: SealedReport<Report>,
  text: string | null,
): string[] {
  if (text === null) return ['its Markdown is gone'];
  const good = sealed.markdown === null ? text === markdown(sealed.report) : sha256Of(text) === sealed.markdown;
  return good ? [] : ['its Markdown says something else than the report'];
}

function openOrProblem<Report extends ChainedReport>(
  kind: ReportKind<Report>,
  id: string,
  text: string,
  note: string | null,
  publicKeys: readonly string[],
): SealedReport<Report> | string {
  if (note === null) return 'its signed note is gone';
  try {
    return openReport(kind, { id, text, note }, publicKeys) ?? 'it is not the report that was signed';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Each names the one before it by its hash. */
function placeProblems({ number, previous }: ChainedReport, id: string, before: ChainLink<ChainedReport> | undefined): string[] {
  if (number !== numberOf(id)) return [`it is report ${number}, and its name says ${numberOf(id)}`];
  if (previous === null) return before === undefined ? [] : ['it says it is the first, and there are earlier ones'];
  if (before === undefined || numberOf(before.id) < number - 1) return [`the report before it, ${previous.id}, is gone`];
  if (before.id !== previous.id) return [`${before.id} stands before it, and it follows ${previous.id}`];
  return before.hash === previous.report ? [] : [`the report before it, ${previous.id}, is not the one it followed`];
}

/** What is left of reports that are not there: some of their files, or the copy of the newest one. */
async function remains<Report extends ChainedReport>(
  place: ReportPlace,
  kind: ReportKind<Report>,
  ids: readonly string[],
  publicKeys: readonly string[],
): Promise<ChainLink<Report>[]> {
  const copy = await newestCopy(place, kind, publicKeys);
  const missing = copy !== null && numberOf(copy.id) > numberOf(ids.at(-1) ?? '0') ? [copy.id] : [];
  const left = (await place.storage.names(kind.folder))
    .filter((name) => !name.endsWith('/'))
    .map((name) => name.replace(/\.(note|md|json)$/, ''))
    .filter((name) => !ids.includes(name));
  return [...new Set([...left, ...missing])].map((id) =>
    lost(
      id,
      ...(left.includes(id) ? ['its report is gone, and another file of it is there'] : []),
      ...(missing.includes(id) ? [NOT_IN_PLACE] : []),
    ),
  );
}

const NOT_IN_PLACE =
  'it was signed, and is not in its place: a run was killed, or somebody took it away; the next report puts it there again';
