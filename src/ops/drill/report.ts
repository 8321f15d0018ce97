import type { Manifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import * as chain from '../report-chain/report.ts';
import { storeReport as storeInChain, type ChainPlace, type StoredReport } from '../report-chain/store.ts';
import { verifyReports as verifyChain, type ChainLink } from '../report-chain/verify.ts';
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
export interface DrillReport extends Drill, chain.ChainedReport {
  readonly format: 'dbctl-drill/1';
  readonly ok: boolean;
  readonly operator: string;
  readonly dbctl: string;
  readonly backup: DrilledBackup;
  readonly choice: Choice;
  readonly targets: { readonly rtoSeconds: number | null; readonly rpoSeconds: number | null };
  readonly programs: Readonly<Record<string, string>>;
  /** How long the last drills of its kind took, this one too; null: none came to a database. */
  readonly history: DrillHistory | null;
}

/** What is reported besides what was seen. */
export type ReportFacts = Pick<DrillReport, 'operator' | 'dbctl' | 'backup' | 'choice' | 'targets' | 'programs'> & {
  readonly at: Date;
};

/** The reports of drills lie beside the backups. */
const DRILLS: chain.ReportKind<DrillReport> = {
  format: 'dbctl-drill/1',
  folder: '.drills/',
  markdown: reportMarkdown,
  sealsMarkdown: false,
};

/**
 * Stores the report of a drill beside the backups, chained to the one before. Returns it with the path of the JSON and its hash, the head of
 * the chain. Fails as {@link storeInChain} does.
 */
export async function storeReport(
  repository: Repository,
  drill: Drill,
  { at, ...facts }: ReportFacts,
  signer: Signer,
  { publicKeys, signal }: { readonly publicKeys: readonly string[]; readonly signal: AbortSignal },
): Promise<StoredReport<DrillReport>> {
  const make = async ({ id, number, at: time, previous }: ChainPlace): Promise<DrillReport> => {
    const before = await readReports(repository, publicKeys);
    const history = drillHistory([...before, { ...drill, ...facts }], facts.backup);
    const ok = drill.answer === 'passed';
    return { ...facts, ...drill, format: 'dbctl-drill/1', id, number, ok, at: time, history, previous };
  };
  return storeInChain(repository, DRILLS, make, { at, about: facts.backup.id, signer, publicKeys, signal });
}

/** Every drill of a repository whose note is good, oldest first. */
export const readReports = (repository: Repository, publicKeys: readonly string[]): Promise<DrillReport[]> =>
  chain.readReports(repository, DRILLS, publicKeys);

/** Every drill of a repository, in the order of the chain, and what is wrong with it; see {@link verifyChain}. */
export const verifyReports = (
  repository: Repository,
  publicKeys: readonly string[],
  head?: string,
): Promise<readonly ChainLink<DrillReport>[]> => verifyChain(repository, DRILLS, publicKeys, head);
