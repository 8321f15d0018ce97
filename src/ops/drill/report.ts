import { sha256Of, type Manifest } from '../backup/manifest.ts';
import { readText, withRepositoryLock, type Repository } from '../backup/repository.ts';
import { openNote, signNote } from '../signing/note.ts';
import type { Signer } from '../signing/signer.ts';
import type { Choice } from './choose.ts';
import type { Drill } from './drill.ts';
import { drillHistory, type DrillHistory } from './history.ts';
import { reportMarkdown } from './markdown.ts';

/** What was drilled. */
export interface DrilledBackup {
  readonly id: string;
  readonly type: Manifest['type'] | 'pgbackrest' | 'barman';
  /** The database of a dump; of a whole server, what stands for all of them. */
  readonly database: string;
  /** Hash of its manifest; null: it was made by another tool. */
  readonly manifest: string | null;
  readonly snapshotAt: string;
  readonly sizeBytes: number;
}

/** What an auditor wants to see of a drill, and what keeps it from being changed or left out. */
export interface DrillReport extends Drill {
  readonly format: 'dbctl-drill/1';
  readonly id: string;
  /** Place in the chain, from 1. */
  readonly number: number;
  readonly ok: boolean;
  readonly at: string;
  readonly operator: string;
  readonly dbctl: string;
  readonly backup: DrilledBackup;
  readonly choice: Choice;
  readonly targets: { readonly rtoSeconds: number | null; readonly rpoSeconds: number | null };
  readonly programs: Readonly<Record<string, string>>;
  /** How long the last drills of its kind took, this one too; null: none came to a database. */
  readonly history: DrillHistory | null;
  /** The report before it, by the hash of its text. */
  readonly previous: { readonly id: string; readonly report: string } | null;
}

/** What is reported besides what was seen. */
export type ReportFacts = Pick<DrillReport, 'operator' | 'dbctl' | 'backup' | 'choice' | 'targets' | 'programs'> & {
  readonly at: Date;
};

export const REPORTS = '.drills/';

/**
 * Stores the report of a drill beside the backups, as JSON with a signed note and as Markdown, chained to the one before; two drills at once
 * one after the other. Returns it with the path of the JSON and its hash, the head of the chain.
 */
export async function storeReport(
  repository: Repository,
  drill: Drill,
  { at, ...facts }: ReportFacts,
  signer: Signer,
  { publicKeys, signal }: { readonly publicKeys: readonly string[]; readonly signal: AbortSignal },
): Promise<{ readonly report: DrillReport; readonly path: string; readonly head: string }> {
  return withRepositoryLock(repository, signal, async () => {
    const before = await readReports(repository, publicKeys);
    const previous = await lastReport(repository);
    const number = previous === null ? 1 : numberOf(previous.id) + 1;
    const id = `${String(number).padStart(6, '0')}-${at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${facts.backup.id}`;
    const history = drillHistory([...before, { ...drill, ...facts }], facts.backup);
    const ok = drill.answer === 'passed';
    const report: DrillReport = {
      ...facts,
      ...drill,
      format: 'dbctl-drill/1',
      id,
      number,
      ok,
      at: at.toISOString(),
      history,
      previous,
    };
    const text = reportText(report);
    const write = (kind: string, content: string) => repository.storage.write(`${REPORTS}${id}.${kind}`, Buffer.from(content));
    await write('note', await signNote(noteText(id, text), signer));
    await write('md', reportMarkdown(report));
    // Last: a report without its note is none.
    await write('json', text);
    return { report, path: `${repository.storage.place}/${REPORTS}${id}.json`, head: sha256Of(text) };
  });
}

const reportText = (report: DrillReport): string => `${JSON.stringify(report, null, 2)}\n`;

/** Place of a report in the chain, as its name says. */
export const numberOf = (id: string): number => Number.parseInt(id, 10);

/** Names of the reports in the order of the chain. The number is in front: a clock that was set back changes nothing. */
export const reportIds = async ({ storage }: Repository): Promise<string[]> =>
  (await storage.names(REPORTS))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .toSorted((a, b) => numberOf(a) - numberOf(b));

async function lastReport(repository: Repository): Promise<DrillReport['previous']> {
  const id = (await reportIds(repository)).at(-1);
  if (id === undefined) return null;
  return { id, report: sha256Of((await readText(repository, `${REPORTS}${id}.json`)) ?? '') };
}

/** Every report of a repository whose note is good, oldest first; others are passed over, as if there had been no drill. */
export async function readReports(repository: Repository, publicKeys: readonly string[]): Promise<DrillReport[]> {
  const ids = await reportIds(repository);
  const found = await Promise.all(ids.map((id) => readReport(repository, id, publicKeys)));
  return found.filter((report) => report !== null);
}

async function readReport(repository: Repository, id: string, publicKeys: readonly string[]): Promise<DrillReport | null> {
  try {
    const [text, note] = await Promise.all(['json', 'note'].map((kind) => readText(repository, `${REPORTS}${id}.${kind}`)));
    if (typeof text !== 'string' || typeof note !== 'string') return null;
    return openNote(note, publicKeys).text === noteText(id, text) ? (JSON.parse(text) as DrillReport) : null;
  } catch {
    return null;
  }
}

/** What is signed: which report, and the hash of every byte of it. */
export const noteText = (id: string, report: string): string => `dbctl-drill/1\n${id}\nreport ${sha256Of(report)}\n`;
