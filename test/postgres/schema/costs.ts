import { beforeAll } from 'vitest';
import { rolledBack, rowsOf, useSchemaDatabase, type SchemaDatabase } from './support.ts';

export interface Cost {
  readonly status: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly metadata: {
    readonly computed?: { readonly seconds: number; readonly unpriced_seconds: number; readonly segments: unknown[] };
  };
}

export const COST = 'cost_status as status, cost_amount as amount, cost_currency as currency, cost_metadata as metadata';

/** Opens a session of tier 1 at ten o'clock on the first of March 2026. */
export const OPEN = `insert into execution.lab_sessions (user_id, lab_version_id, started_at) select u.id, v.id, '2026-03-01 10:00'
                     from identity.users u, content.lab_versions v returning id`;

export const finish = (until: string): string =>
  `update execution.lab_sessions set status = 'FAILED', completed_at = '${until}' returning ${COST}`;

export interface CostDatabase extends SchemaDatabase {
  /** Rates as `tier price currency range`. */
  readonly addRates: (rates: readonly string[]) => Promise<void>;
  /** Adds rates and runs statements, all in a transaction that is rolled back; what the last statement returns. */
  readonly play: (rates: readonly string[], ...statements: readonly string[]) => Promise<Cost>;
}

/** A user and a lab version, and no rate. Times without a zone are UTC. */
export function useCostDatabase(): CostDatabase {
  const database = useSchemaDatabase();
  beforeAll(() =>
    database.client.query(`
      set timezone = 'UTC';
      insert into identity.users (email) values ('lin@example.test');
      insert into content.labs (slug, title, difficulty, estimated_minutes) values ('lab', 'Lab', 'BEGINNER', 30);
      insert into content.lab_versions (lab_id, version_number, estimated_minutes, config) select id, 1, 30, '{}' from content.labs`),
  );

  const addRates = async (rates: readonly string[]): Promise<void> => {
    for (const rate of rates) {
      const [, tier, price, currency, range] = /^(\d+) (\S+) (\S+) (.+)$/.exec(rate) ?? [];
      const sql =
        'insert into execution.compute_rates (compute_tier, rate_per_hour, currency, valid_during) values ($1, $2, $3, $4)';
      await database.client.query(sql, [tier, price, currency, range]);
    }
  };

  const play = (rates: readonly string[], ...statements: readonly string[]): Promise<Cost> =>
    rolledBack(database.client, async () => {
      await addRates(rates);
      for (const statement of statements.slice(0, -1)) await database.client.query(statement);
      const [row] = await rowsOf<Cost>(database.client, statements.at(-1) ?? '');
      if (row === undefined) throw new Error(`no row came back from ${statements.at(-1)}`);
      return row;
    });

  return {
    get url() {
      return database.url;
    },
    get target() {
      return database.target;
    },
    get client() {
      return database.client;
    },
    addRates,
    play,
  };
}
