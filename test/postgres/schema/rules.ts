import type pg from 'pg';
import { expect, it } from 'vitest';
import { columnOf, rolledBack } from './support.ts';

/** A rule about the catalogue: a query for what breaks it, and proof that the query sees a breach. */
export interface Rule {
  readonly name: string;
  /** $1 takes the list given to `testRules`; one column, ordered. */
  readonly query: string;
  /** Statements that break the rule; run in a transaction that is rolled back. */
  readonly offence: string;
  /** What the query must then return. */
  readonly finds: readonly string[];
}

/** Two tests a rule: the schema keeps it, and a breach is found. */
export function testRules(client: () => pg.Client, rules: readonly Rule[], list: readonly string[]): void {
  for (const { name, query, offence, finds } of rules) {
    it(name, async () => {
      expect(await columnOf<string>(client(), query, [list])).toEqual([]);
    });

    it(`${name} (a breach is found)`, async () => {
      const found = await rolledBack(client(), async () => {
        await client().query(offence);
        return columnOf<string>(client(), query, [list]);
      });
      expect(found).toEqual(finds);
    });
  }
}
