import type { Node, RangeVar } from 'libpg-query';
import { parseStatements } from '../../../migrate/statements.ts';
import { outputNames } from './output-names.ts';
import { Scope } from './scope.ts';

/** Temporary tables that statements make, and the names of their columns; null: not known. Call loadParser() before. */
export function temporaryTables(texts: readonly string[]): Map<string, readonly string[] | null> {
  const found = new Map<string, readonly string[] | null>();
  for (const text of texts) {
    // The parser is asked only where the word stands, since all statements come by here.
    if (!/\btemp(?:orary)?\b/i.test(text)) continue;
    const parsed = parseStatements(text);
    if ('message' in parsed) continue;
    for (const { node } of parsed) addMade(node, found);
  }
  return found;
}

function addMade(node: Node, found: Map<string, readonly string[] | null>): void {
  const add = (relation: RangeVar | undefined, columns: readonly string[] | null): void => {
    if (relation?.relpersistence === 't') found.set(relation.relname ?? '', columns);
  };
  if ('CreateStmt' in node) {
    const elements = node.CreateStmt.tableElts ?? [];
    const isPlain = elements.every((one) => 'ColumnDef' in one || 'Constraint' in one);
    const columns = elements.flatMap((one) => ('ColumnDef' in one ? [one.ColumnDef.colname ?? ''] : []));
    add(node.CreateStmt.relation, isPlain ? columns : null);
  }
  if ('CreateTableAsStmt' in node) {
    const { into, query } = node.CreateTableAsStmt;
    add(into?.rel, query !== undefined && 'SelectStmt' in query ? outputNames(query.SelectStmt, new Scope(null, true)) : null);
  }
  if ('SelectStmt' in node && node.SelectStmt.intoClause !== undefined)
    add(node.SelectStmt.intoClause.rel, outputNames(node.SelectStmt, new Scope(null, true)));
}
