import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of, type Manifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
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

const FOLDER = '.drills';

/**
 * Stores the report of a drill beside the backups, as JSON with a signed note and as Markdown, chained to the one before. Returns it with
 * the path of the JSON.
 */
export async function storeReport(
  { folder }: Repository,
  manifest: Manifest,
  drill: Drill,
  facts: ReportFacts,
  signer: Signer,
): Promise<{ report: DrillReport; path: string }> {
  const reports = join(folder, FOLDER);
  await mkdir(reports, { recursive: true, mode: 0o700 });
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
    previous: await lastReport(reports),
    ...drill,
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  const path = join(reports, `${id}.json`);
  await write(join(reports, `${id}.note`), await signNote(noteText(id, text), signer));
  await write(join(reports, `${id}.md`), markdown(report));
  // Last: a report without its note is none.
  await write(path, text);
  return { report, path };
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.partial`, text, { mode: 0o600, flush: true });
  await rename(`${path}.partial`, path);
}

async function lastReport(reports: string): Promise<DrillReport['previous']> {
  const last = (await readdir(reports))
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .at(-1);
  if (last === undefined) return null;
  return { id: last.replace(/\.json$/, ''), report: sha256Of(await readFile(join(reports, last), 'utf8')) };
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
export async function readReports({ folder }: Repository, publicKeys: readonly string[]): Promise<DrillReport[]> {
  const reports = join(folder, FOLDER);
  const names = (await readdir(reports).catch(() => [])).filter((name) => name.endsWith('.json')).toSorted();
  const found = await Promise.all(names.map((name) => readReport(reports, name.replace(/\.json$/, ''), publicKeys)));
  return found.filter((report) => report !== null);
}

async function readReport(reports: string, id: string, publicKeys: readonly string[]): Promise<DrillReport | null> {
  try {
    const [text, note] = await Promise.all(['json', 'note'].map((kind) => readFile(join(reports, `${id}.${kind}`), 'utf8')));
    if (text === undefined || note === undefined) return null;
    return openNote(note, publicKeys).text === noteText(id, text) ? (JSON.parse(text) as DrillReport) : null;
  } catch {
    return null;
  }
}

const noteText = (id: string, report: string): string => `dbctl-drill/1\n${id}\nreport ${sha256Of(report)}\n`;
