import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { withClientEnvironment } from '../backup/client-environment.ts';
import { PARTS, RESTRICT_KEY, encodingOption } from '../backup/parts.ts';
import { readCatalogue, type Catalogue } from '../backup/catalogue.ts';
import { fingerprintParts, readFingerprint, type Fingerprint } from '../backup/fingerprint.ts';
import type { LogicalManifest } from '../backup/manifest.ts';
import { programRunner } from '../backup/programs.ts';
import { withoutSecrets } from '../backup/sql-secrets.ts';
import { requireProgram, type ToolPlaces } from '../tools/find.ts';
import { majorOf } from '../tools/program.ts';
import { catalogueParts, type CheckedPart } from './catalogue-difference.ts';
import { databaseDifferences } from './database-facts.ts';
import { rewordedViews, withReworded, withoutViews } from './reworded-views.ts';

export interface CompareInputs {
  readonly manifest: LogicalManifest;
  /** Folder of the backup. */
  readonly folder: string;
  readonly target: ConnectionTarget;
  readonly tools: ToolPlaces;
  readonly signal: AbortSignal;
  readonly onTable: (name: string) => void;
}

export interface Comparison {
  /** Rows, sequences, large objects, ledger. */
  readonly data: readonly string[];
  /** Definitions, owners, grants, policies, enabled state of triggers, settings of the database; null: could not be compared. */
  readonly definitions: readonly string[] | null;
  /** The same by what was compared, to be read one by one. */
  readonly parts: readonly CheckedPart[];
}

const NONE: ReadonlySet<string> = new Set();

/** The restored database against what was seen in the snapshot of the dump: equal, or what differs. */
export async function compareRestored(session: Session, inputs: CompareInputs): Promise<Comparison> {
  const { manifest, folder, onTable } = inputs;
  const was = await catalogueOf(folder);
  const [found, is] = await inTransaction(session, 'isolation level repeatable read, read only', async () => [
    await readFingerprint(session, onTable),
    was === null ? null : await readCatalogue(session),
  ]);
  const data = dataParts(manifest.fingerprint, found);
  const schema = await readFile(join(folder, PARTS.schema), 'utf8');
  const reworded = was === null || is === null ? NONE : await rewordedViews(session, was.facts, is.facts, schema);
  const catalogue =
    was === null || is === null
      ? []
      : [...catalogueParts(withReworded(was.facts, is.facts, reworded), is.facts), databasePart(was, is)];
  const text = textPart(await definitionDifferences(session, inputs, schema, reworded));
  const definitions = [...catalogue, text];
  return {
    data: data.flatMap(({ differences }) => differences ?? []),
    definitions: definitions.every(({ differences }) => differences === null)
      ? null
      : definitions.flatMap(({ differences }) => differences ?? []),
    // Where the catalogues were compared, a dump that could not be adds nothing.
    parts: [...data, ...(catalogue.length > 0 && text.differences === null ? catalogue : definitions)],
  };
}

/** What the backup knows of the catalogues; null: it was made before that was written down. */
export async function catalogueOf(folder: string): Promise<Catalogue | null> {
  const text = await readFile(join(folder, PARTS.catalogue), 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return null;
    throw thrown;
  });
  return text === null ? null : (JSON.parse(text) as Catalogue);
}

/** Rows, sequences, large objects and ledger, in words. Pure. */
export function dataParts(was: Fingerprint, is: Fingerprint): CheckedPart[] {
  const { rows, sequences, largeObjects, ledger } = fingerprintParts(was, is);
  const counted = was.tables.reduce((sum, table) => sum + BigInt(table.rows), 0n);
  return [
    { name: 'rows', differences: rows, said: `${counted} in ${was.tables.length} tables, each table by count and hash` },
    { name: 'sequences', differences: sequences, said: `${was.sequences.length}, none is behind` },
    { name: 'large objects', differences: largeObjects, said: was.largeObjects?.count ?? 'none' },
    {
      name: 'ledger',
      differences: ledger,
      said: was.ledger === null ? 'nothing was sealed' : `the same last checkpoint, ${was.ledger.sequence}`,
    },
  ];
}

const databasePart = (was: Catalogue, is: Catalogue): CheckedPart => ({
  name: 'database',
  differences: databaseDifferences(was.database, is.database),
  said: `owner, grants, limit, comment and ${was.database.settings.length} settings`,
});

const textPart = (differences: readonly string[] | null): CheckedPart => ({
  name: 'dump of definitions',
  differences,
  said:
    differences === null ? 'not compared: the backup was made by another version of pg_dump' : 'the same lines as in the backup',
});

/** Two versions of pg_dump write the same definitions in different words, so the comparison needs the one of the backup. */
async function definitionDifferences(
  session: Session,
  { manifest, target, tools, signal }: CompareInputs,
  was: string,
  reworded: ReadonlySet<string>,
): Promise<readonly string[] | null> {
  const program = await requireProgram('pg_dump', tools, majorOf(session.serverVersion));
  if (program.version !== manifest.programs['pg_dump']) return null;
  const made = await mkdtemp(join(tmpdir(), 'dbctl-compare-'));
  try {
    const file = join(made, PARTS.schema);
    await withClientEnvironment(target, session, (environment) =>
      programRunner(environment, signal)(
        program,
        [
          '--schema-only',
          ...encodingOption(manifest.source),
          '--no-password',
          `--restrict-key=${RESTRICT_KEY}`,
          `--file=${file}`,
        ],
        [made],
        'Run it again.',
      ),
    );
    const is = await readFile(file, 'utf8');
    return lineDifferences(withoutViews(was, reworded), withoutViews(is, reworded));
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** Lines that name the server and the program differ where the restore goes to a newer minor release, and say nothing of the database. */
const ABOUT_PROGRAMS = /^-- Dumped (?:from|by) /;
const SHOWN = 5;

/** Definitions are in an order of their own: what only one side has, a few lines of each, is what differs. Pure. */
export function lineDifferences(was: string, is: string): string[] {
  const [before, after] = [was, is].map((text) => text.split('\n').filter((line) => line !== '' && !ABOUT_PROGRAMS.test(line)));
  if (before === undefined || after === undefined || before.join('\n') === after.join('\n')) return [];
  const only = (lines: readonly string[], others: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
    return lines.filter((line) => {
      const left = counts.get(line) ?? 0;
      counts.set(line, left - 1);
      return left <= 0;
    });
  };
  const [gone, added] = [only(before, after), only(after, before)];
  const told = [
    ...gone.slice(0, SHOWN).map((line) => `missing: ${withoutSecrets(line)}`),
    ...added.slice(0, SHOWN).map((line) => `instead: ${withoutSecrets(line)}`),
  ];
  return told.length === 0 ? ['the same definitions are in another order'] : told;
}
