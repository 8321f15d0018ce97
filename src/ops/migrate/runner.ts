import Postgrator from 'postgrator';
import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Progress } from '../../core/progress.ts';
import type { Examined } from './examine.ts';
import type { MigrationFile } from './file.ts';
import { readHistory, type History } from './history.ts';
import { applyOutsideTransaction } from './non-transactional.ts';
import type { MigrateSettings } from './settings.ts';
import { applyInTransaction, applyTogether } from './transactional.ts';

export interface Run {
  readonly session: Session;
  readonly settings: MigrateSettings;
  readonly history: History;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface AppliedMigration {
  readonly migration: MigrationFile;
  readonly durationMs: number;
}

/**
 * Runs the examined migrations through postgrator: it walks the list and writes its history row, we hold its two hooks together.
 * `execSqlScript` only remembers the text; the INSERT that follows through `execQuery` then goes to the server with it, as one message.
 *
 * @param outOfOrder versions that are allowed to run below the highest applied one; without them our plan must equal postgrator's
 * @returns what was applied, in order. Fails with what the first failing migration failed with; those before it stay applied.
 */
export async function runMigrations(
  run: Run,
  examined: readonly Examined[],
  outOfOrder: boolean,
): Promise<readonly AppliedMigration[]> {
  const fused = new FusedPostgrator(run, examined);
  const list = await fused.getMigrations();
  const highest = run.history.rows.at(-1)?.version ?? 0;
  const planned = fused.getRunnableMigrations(highest, Number.MAX_SAFE_INTEGER);
  if (!outOfOrder && planned.map(({ version }) => version).join() !== list.map(({ version }) => version).join()) {
    fail('internal', `two planners disagree: postgrator would run ${planned.length} migrations, dbctl ${list.length}`);
  }
  await fused.runMigrations(list);
  return fused.applied;
}

/** Migrations in one message: few enough that a failure costs little, enough that round trips stop to count. */
const BATCH = 50;

type Fields = { version: number; filename: string };

class FusedPostgrator extends Postgrator {
  readonly applied: AppliedMigration[] = [];
  readonly #run: Run;
  readonly #examined: ReadonlyMap<number, Examined>;
  readonly #last: number | undefined;
  #script: string | undefined;
  #current: Examined | undefined;
  /** Only on a database without history: elsewhere people work, and each migration's locks should be held as briefly as can be. */
  #batching: boolean;
  readonly #batch: { readonly examined: Examined; readonly historyRow: string; readonly last: boolean }[] = [];

  constructor(run: Run, examined: readonly Examined[]) {
    super({
      driver: 'pg',
      schemaTable: run.settings.table,
      validateChecksums: false,
      execSqlScript: async (sql: string) => this.#remember(sql),
      execQuery: async (sql: string) => this.#send(sql),
    });
    this.#run = run;
    this.#batching = run.history.rows.length === 0 && run.history.unfinished.length === 0;
    this.#examined = new Map(examined.map((entry) => [entry.migration.version, entry]));
    this.#last = examined.at(-1)?.migration.version;
    (this as unknown as { on(event: string, listener: (migration: Fields) => void): void }).on(
      'migration-started',
      (migration) => {
        this.#current = this.#examined.get(migration.version);
      },
    );
  }

  /** The files as they were read, hashed and examined: nothing is read a second time. */
  override async getMigrations(): Promise<Postgrator.Migration[]> {
    const migrations = [...this.#examined.values()].map(({ migration }): Postgrator.Migration => ({
      version: migration.version,
      action: 'do',
      filename: migration.path,
      name: migration.slug,
      md5: createHash('md5').update(migration.sql).digest('hex'),
      getSql: () => migration.sql,
    }));
    (this as unknown as { migrations: Postgrator.Migration[] }).migrations = migrations;
    return migrations;
  }

  #remember(sql: string): void {
    this.#script = sql;
  }

  async #send(historyRow: string): Promise<{ rows: never[] }> {
    const current = this.#current;
    if (current === undefined || this.#script !== current.migration.sql)
      return fail('internal', 'postgrator ran a script we did not hand to it');
    this.#script = undefined;
    this.#run.signal.throwIfAborted();
    const last = current.migration.version === this.#last;
    if (this.#batching && current.migration.transactional) {
      this.#batch.push({ examined: current, historyRow, last });
      if (last || this.#batch.length >= BATCH) await this.#applyBatch();
    } else {
      await this.#applyBatch();
      await this.#apply(current, historyRow);
    }
    return { rows: [] };
  }

  async #applyBatch(): Promise<void> {
    const batch = this.#batch.splice(0);
    if (batch.length === 0) return;
    const { session, settings } = this.#run;
    const started = performance.now();
    const step = this.#run.progress.step(
      `apply ${batch[0]?.examined.migration.file} to ${batch.at(-1)?.examined.migration.file}`,
      batch.length,
    );
    const together = batch.map(({ examined, ...rest }) => ({ migration: examined.migration, ...rest }));
    if (await applyTogether(session, settings, together)) {
      step.done(`${batch.length} applied`);
      const durationMs = Math.round((performance.now() - started) / batch.length);
      this.applied.push(...together.map(({ migration }) => ({ migration, durationMs })));
      return;
    }
    step.failed();
    this.#batching = false;
    const { rows } = await readHistory(session, settings.table);
    const there = new Set(rows.map(({ version }) => version));
    for (const { examined, historyRow } of batch) {
      if (there.has(examined.migration.version)) this.applied.push({ migration: examined.migration, durationMs: 0 });
      else await this.#apply(examined, historyRow);
    }
  }

  async #apply({ migration, statements }: Examined, historyRow: string): Promise<void> {
    const { progress, session, settings, signal } = this.#run;
    const started = performance.now();
    const step = progress.step(`apply ${migration.file}`, statements.length);
    try {
      if (migration.transactional) {
        const onRetry = (attempt: number, reason: string) => step.tick(0, `lock not granted, try ${attempt + 1}. ${reason}`);
        await applyInTransaction({ session, settings, signal, onRetry }, migration, historyRow, migration.version === this.#last);
      } else {
        const journal = this.#run.history.unfinished.findLast(({ version }) => version === migration.version);
        await applyOutsideTransaction(
          { session, settings, onStatement: () => step.tick(1) },
          migration,
          statements,
          historyRow,
          journal,
        );
      }
    } catch (thrown) {
      step.failed();
      throw thrown;
    }
    step.done();
    this.applied.push({ migration, durationMs: Math.round(performance.now() - started) });
  }
}
