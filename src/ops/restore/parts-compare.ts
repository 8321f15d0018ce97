import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { readCatalogue, type CatalogueFact } from '../backup/catalogue.ts';
import { fingerprintParts, readSequences, readTables, type Fingerprint } from '../backup/fingerprint.ts';
import { catalogueParts, type CheckedPart } from './catalogue-difference.ts';
import type { SettledParts } from './parts-plan.ts';
import { nameOf } from './toc-graph.ts';

/** What was restored of a backup against what was seen in its snapshot: the chosen tables, and what was made for them. */
export async function compareParts(
  session: Session,
  parts: SettledParts,
  fingerprint: Fingerprint,
  was: readonly CatalogueFact[],
  onTable: (name: string) => void,
): Promise<readonly CheckedPart[]> {
  const tables = new Set(parts.tables);
  const [found, sequences, is] = await inTransaction(session, 'isolation level repeatable read, read only', async () => [
    await readTables(session, onTable, tables),
    await readSequences(session),
    await readCatalogue(session),
  ]);
  const made = new Set(parts.entries.filter(({ kind }) => kind === 'SEQUENCE').map(nameOf));
  const expected = {
    ...fingerprint,
    tables: fingerprint.tables.filter(({ name }) => tables.has(name)),
    sequences: fingerprint.sequences.filter(({ name }) => made.has(name)),
  };
  const differences = fingerprintParts(expected, {
    ...expected,
    tables: found,
    sequences: sequences.filter(({ name }) => made.has(name)),
  });
  const rows = expected.tables.reduce((sum, table) => sum + BigInt(table.rows), 0n);
  return [
    {
      name: 'rows',
      differences: differences.rows,
      said: `${rows} in ${expected.tables.length} tables, each table by count and hash`,
    },
    { name: 'sequences', differences: differences.sequences, said: `${expected.sequences.length}, none is behind` },
    ...catalogueParts(factsOf(parts, was), factsOf(parts, is.facts)),
  ];
}

/** What the catalogues say of what was restored, without what had to be left out. Pure. */
export function factsOf({ entries, leftOut }: SettledParts, facts: readonly CatalogueFact[]): CatalogueFact[] {
  const names = new Set(entries.map(nameOf));
  const objects = new Set([...names, ...[...names].flatMap((name) => [`schema ${name}`, `type ${name}`])]);
  const relations = new Set(entries.filter(({ kind }) => OF_FACTS.has(kind)).map(nameOf));
  const gone = new Set(leftOut.map(({ object }) => object));
  const attached = new Set(leftOut.filter(({ kind }) => kind === 'table attach').map(({ object }) => object));
  return facts.filter(({ kind, object, relation }) => {
    if (relation === null) return objects.has(object) && kind !== 'extensions';
    if (!relations.has(relation) || (kind === 'parents' && attached.has(relation))) return false;
    return !(gone.has(object) && kind !== 'owner' && !relations.has(object));
  });
}

const OF_FACTS = new Set(['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'TYPE']);
