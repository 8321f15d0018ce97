import { sha256Of } from '../backup/manifest.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { openNote } from '../signing/note.ts';
import { reportMarkdown } from './markdown.ts';
import { noteText, numberOf, reportIds, REPORTS, type DrillReport } from './report.ts';

/** One report of the chain, and what is wrong with it. */
export interface ChainLink {
  readonly id: string;
  readonly report: DrillReport | null;
  /** Hash of its text: what the next one names, and what somebody may have written down. Null: it is gone. */
  readonly hash: string | null;
  /** One sentence each; none: it is as it was written, and follows what it followed. */
  readonly problems: readonly string[];
}

/**
 * Every report of a repository, in the order of the chain: is it the one that was signed, is the Markdown what it says, and does it follow
 * the one before. One that was taken away shows by what is left of it, or at the next; the newest ones with all their files do not, which is
 * what a `head` that was written down elsewhere is for.
 */
export async function verifyReports(
  repository: Repository,
  publicKeys: readonly string[],
  head?: string,
): Promise<readonly ChainLink[]> {
  const ids = await reportIds(repository);
  const links: ChainLink[] = [];
  for (const id of ids) links.push(await verifyLink(repository, id, publicKeys, links.at(-1)));
  const gone = (await leftovers(repository, new Set(ids))).map((id) =>
    lost(id, 'its report is gone, and another file of it is there'),
  );
  const absent = head === undefined || links.some(({ hash }) => hash === head) ? [] : [lost(head, 'no report has this hash')];
  return [...links, ...gone, ...absent];
}

const lost = (id: string, problem: string): ChainLink => ({ id, report: null, hash: null, problems: [problem] });

async function verifyLink(
  repository: Repository,
  id: string,
  publicKeys: readonly string[],
  before: ChainLink | undefined,
): Promise<ChainLink> {
  const [text, note, markdown] = await Promise.all(
    ['json', 'note', 'md'].map((kind) => readText(repository, `${REPORTS}${id}.${kind}`)),
  );
  if (typeof text !== 'string') return lost(id, 'its report is gone');
  const seal = sealProblem(id, text, note ?? null, publicKeys);
  const hash = sha256Of(text);
  // What nobody signed is not looked into.
  if (seal !== null) return { id, report: null, hash, problems: [seal] };
  const report = JSON.parse(text) as DrillReport;
  const written = markdown === reportMarkdown(report) ? [] : [markdownProblem(markdown ?? null)];
  return { id, report, hash, problems: [...written, ...placeProblems(report, before)] };
}

const markdownProblem = (text: string | null): string =>
  text === null ? 'its Markdown is gone' : 'its Markdown says something else than the report';

function sealProblem(id: string, text: string, note: string | null, publicKeys: readonly string[]): string | null {
  if (note === null) return 'its signed note is gone';
  try {
    return openNote(note, publicKeys).text === noteText(id, text) ? null : 'it is not the report that was signed';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Each names the one before it by its hash. */
function placeProblems({ id, number, previous }: DrillReport, before: ChainLink | undefined): string[] {
  if (number !== numberOf(id)) return [`it is report ${number}, and its name says ${numberOf(id)}`];
  if (previous === null) return before === undefined ? [] : ['it says it is the first, and there are earlier ones'];
  if (before === undefined || numberOf(before.id) < number - 1) return [`the report before it, ${previous.id}, is gone`];
  if (before.id !== previous.id) return [`${before.id} stands before it, and it follows ${previous.id}`];
  return before.hash === previous.report ? [] : [`the report before it, ${previous.id}, is not the one it followed`];
}

/** Reports of which only the note or the Markdown is there. */
async function leftovers({ storage }: Repository, there: ReadonlySet<string>): Promise<string[]> {
  const names = (await storage.names(REPORTS)).map((name) => name.replace(/\.(note|md|json)$/, ''));
  return [...new Set(names)].filter((name) => !name.endsWith('/') && !there.has(name));
}
