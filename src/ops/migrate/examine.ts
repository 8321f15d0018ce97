import type { SourcePosition } from '../../core/errors.ts';
import { sqlPosition } from '../../db/sql-position.ts';
import type { MigrationFile } from './file.ts';
import {
  concurrentIndex,
  copiesFromStdin,
  leakingSetting,
  loadParser,
  parseStatements,
  refusedInTransaction,
  transactionControl,
  type Statement,
} from './statements.ts';

/** A reason not to start: found by reading, before anything ran. */
export interface Objection {
  readonly file: string;
  readonly position?: SourcePosition;
  readonly message: string;
  readonly hint: string;
}

export interface Examined {
  readonly migration: MigrationFile;
  readonly statements: readonly Statement[];
}

/**
 * Reads pending migrations with PostgreSQL's parser: their statements, or every reason why one of them must not be run.
 *
 * @param thorough false leaves out files in which no word of an objection occurs; a syntax error in them is then found by the server,
 *   when the files before it are applied already. That is for a database without history, where nothing can be broken and a
 *   thousand files wait: the parser costs 70 ms to load and half a millisecond a file.
 */
export async function examine(
  pending: readonly MigrationFile[],
  thorough = true,
): Promise<{ readonly examined: readonly Examined[]; readonly objections: readonly Objection[] }> {
  const examined: Examined[] = [];
  const objections: Objection[] = [];
  for (const migration of pending) {
    if (!thorough && isPlain(migration)) {
      examined.push({ migration, statements: [] });
      continue;
    }
    await loadParser();
    const statements = parseStatements(migration.sql);
    if ('offset' in statements) objections.push(syntaxObjection(migration, statements.message, statements.offset));
    else {
      examined.push({ migration, statements });
      objections.push(...statements.flatMap((statement) => objectionTo(migration, statement)));
      if (statements.length === 0) objections.push(onlyComments(migration));
    }
  }
  return { examined, objections };
}

/** Every statement the rules below object to has one of these words, and every psql command a backslash. */
const WORDS_OF_OBJECTIONS =
  /\\|\b(?:begin|start|commit|end|rollback|abort|prepare|copy|concurrently|reindex|vacuum|cluster|database|system|tablespace|subscription|discard|set)\b/i;

/** Sees words in literals and comments too, and then errs on the side of parsing. */
function isPlain({ sql, transactional }: MigrationFile): boolean {
  const code = sql.replaceAll(/--[^\n]*/g, '').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return transactional && code.trim() !== '' && !WORDS_OF_OBJECTIONS.test(sql);
}

function objectionTo(migration: MigrationFile, statement: Statement): Objection[] {
  const found = judge(migration, statement);
  return found === undefined ? [] : [at(migration, statement.offset, ...found)];
}

function judge(migration: MigrationFile, statement: Statement): readonly [message: string, hint: string] | undefined {
  const control = transactionControl(statement);
  if (control !== undefined) {
    return [
      `${control} inside a migration: dbctl opens and commits its transaction, together with the history row`,
      'Delete the begin and the commit; a file that must not run in a transaction says `--! transaction: none` in its first line.',
    ];
  }
  if (copiesFromStdin(statement)) {
    return [
      'copy from stdin reads rows that a migration file cannot carry',
      'Write the rows as insert statements, or load them with `dbctl seed`.',
    ];
  }
  const refused = refusedInTransaction(statement);
  if (refused !== undefined && migration.transactional) {
    return [
      `PostgreSQL runs ${refused} only outside a transaction`,
      'Move it into a migration of its own that begins with the line `--! transaction: none`.',
    ];
  }
  const built = concurrentIndex(statement);
  if (built?.act === 'create' && built.name === undefined) {
    return [
      'create index concurrently without a name: a run that is interrupted could not find what it left',
      'Name the index; with a name a second run drops the half-built one and builds it again.',
    ];
  }
  const leak = leakingSetting(statement);
  if (leak !== undefined) {
    return [
      `${leak} would stay on the session and change how later migrations run`,
      'Write `set local`, which ends with this migration.',
    ];
  }
  return undefined;
}

function onlyComments(migration: MigrationFile): Objection {
  return at(migration, 0, 'the file holds no statement, only comments', 'Write its SQL, or delete it before anybody applied it.');
}

function syntaxObjection(migration: MigrationFile, message: string, offset: number): Objection {
  const meta = metaCommand(migration.sql);
  if (meta !== undefined) {
    return at(
      migration,
      meta.offset,
      `${meta.word} is a psql command, not SQL: only psql understands it`,
      'Write it as SQL (\\copy and \\i have no counterpart here: put the statements into the file).',
    );
  }
  return at(migration, offset, message, 'Mend the statement; the migration was not started.');
}

/** A line that begins with a backslash and a word. Looked for only after the parser refused the file, so text inside literals is safe. */
function metaCommand(sql: string): { readonly word: string; readonly offset: number } | undefined {
  const found = /^[ \t]*(\\(?:[a-z]+|[!?]))/im.exec(sql);
  if (found === null) return undefined;
  return { word: found[1] ?? '\\', offset: Array.from(sql.slice(0, found.index)).length };
}

function at(migration: MigrationFile, offset: number, message: string, hint: string): Objection {
  const skipped = /^\s*/.exec(Array.from(migration.sql).slice(offset).join(''))?.[0].length ?? 0;
  const position = sqlPosition(migration.file, migration.sql, offset + skipped + 1);
  return { file: migration.file, message, hint, ...(position === undefined ? {} : { position }) };
}
