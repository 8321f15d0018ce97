import { sha256Of, type Manifest } from '../backup/manifest.ts';
import { readText, type Repository } from '../backup/repository.ts';
import { openNote, signNote } from '../signing/note.ts';
import type { Signer } from '../signing/signer.ts';
import type { Drill } from './drill.ts';

/** What an auditor wants to see of a drill, and what keeps it from being changed or left out. */
export interface DrillReport extends Drill {
  readonly format: 'dbctl-drill/1';
  readonly id: string;
  readonly ok: boolean;
  readonly at: string;
  readonly operator: string;
  readonly dbctl: string;
  readonly backup: { readonly id: string; readonly manifest: string; readonly snapshotAt: string; readonly sizeBytes: number };
  readonly programs: Readonly<Record<string, string>>;
  /** The report before it, by the hash of its text. */
  readonly previous: { readonly id: string; readonly report: string } | null;
}

export interface ReportFacts {
  readonly at: Date;
  readonly operator: string;
  readonly dbctl: string;
  /** Of the backup's manifest, as text. */
  readonly manifestSha256: string;
}

const FOLDER = '.drills/';

/**
 * Stores the report of a drill beside the backups, as JSON with a signed note and as Markdown, chained to the one before. Returns it with
 * the path of the JSON.
 */
export async function storeReport(
  repository: Repository,
  manifest: Manifest,
  drill: Drill,
  facts: ReportFacts,
  signer: Signer,
): Promise<{ report: DrillReport; path: string }> {
  const id = `${facts.at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${manifest.id}`;
  const report: DrillReport = {
    format: 'dbctl-drill/1',
    id,
    ok: drill.steps.every(({ outcome }) => outcome !== 'failed') && drill.rtoSeconds !== null,
    at: facts.at.toISOString(),
    operator: facts.operator,
    dbctl: facts.dbctl,
    backup: {
      id: manifest.id,
      manifest: facts.manifestSha256,
      snapshotAt: manifest.snapshotAt,
      sizeBytes: manifest.source.sizeBytes,
    },
    programs: manifest.programs,
    previous: await lastReport(repository),
    ...drill,
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  const write = (kind: string, content: string) => repository.storage.write(`${FOLDER}${id}.${kind}`, Buffer.from(content));
  await write('note', await signNote(noteText(id, text), signer));
  await write('md', markdown(report));
  // Last: a report without its note is none.
  await write('json', text);
  return { report, path: `${repository.storage.place}/${FOLDER}${id}.json` };
}

const reportIds = async ({ storage }: Repository): Promise<string[]> =>
  (await storage.names(FOLDER)).filter((name) => name.endsWith('.json')).map((name) => name.replace(/\.json$/, ''));

async function lastReport(repository: Repository): Promise<DrillReport['previous']> {
  const id = (await reportIds(repository)).at(-1);
  if (id === undefined) return null;
  return { id, report: sha256Of((await readText(repository, `${FOLDER}${id}.json`)) ?? '') };
}

/** The report for people: what was tried, what came of it, how long it took. */
export function markdown({ id, ok, at, operator, backup, steps, rtoSeconds, rpoSeconds, previous }: DrillReport): string {
  return [
    `# Restore drill ${id}`,
    '',
    `**${ok ? 'Passed' : 'Failed'}**, ${at}, by ${operator}. Backup ${backup.id}, data of ${backup.snapshotAt}, manifest ${backup.manifest}.`,
    '',
    `Time to a compared database: ${rtoSeconds === null ? 'not reached' : `${rtoSeconds.toFixed(1)} s`}. Age of the data: ${Math.round(rpoSeconds)} s.`,
    '',
    '| step | outcome | seconds | what was seen |',
    '|---|---|---|---|',
    ...steps.map(
      ({ name, outcome, seconds, message }) =>
        `| ${name} | ${outcome} | ${seconds.toFixed(1)} | ${message.replaceAll('|', '/').replaceAll('\n', ' ')} |`,
    ),
    '',
    previous === null ? 'The first report of this repository.' : `Follows ${previous.id} (${previous.report}).`,
    '',
  ].join('\n');
}

/** Every report of a repository whose note is good, oldest first; others are passed over, as if there had been no drill. */
export async function readReports(repository: Repository, publicKeys: readonly string[]): Promise<DrillReport[]> {
  const ids = await reportIds(repository);
  const found = await Promise.all(ids.map((id) => readReport(repository, id, publicKeys)));
  return found.filter((report) => report !== null);
}

async function readReport(repository: Repository, id: string, publicKeys: readonly string[]): Promise<DrillReport | null> {
  try {
    const [text, note] = await Promise.all(['json', 'note'].map((kind) => readText(repository, `${FOLDER}${id}.${kind}`)));
    if (typeof text !== 'string' || typeof note !== 'string') return null;
    return openNote(note, publicKeys).text === noteText(id, text) ? (JSON.parse(text) as DrillReport) : null;
  } catch {
    return null;
  }
}

const noteText = (id: string, report: string): string => `dbctl-drill/1\n${id}\nreport ${sha256Of(report)}\n`;
