import { resolve } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { openLedger } from './ledger-context.ts';

export const spec: CommandSpec = {
  name: 'ledger proof',
  summary: 'prove to somebody without the database that a row is in the ledger',
  description:
    'Writes one JSON document: the bytes of the row, the hashes that lead from it to the root of its window and from there to the signed ' +
    'head of the log. bin/verify-proof.mjs checks it offline with Node.js alone. With an older note of theirs it also proves that nothing ' +
    'before that note was rewritten. The document holds the whole row: give it to those who may read it.',
  effect: 'reads',
  args: [
    { name: '<table>', description: 'the table, schema.table' },
    { name: '<key...>', description: 'columns that name the row, column=value' },
  ],
  options: [
    { flags: '--older-note <file>', description: 'a note the other party kept' },
    { flags: '--save <file>', description: 'write the document there instead of to standard output' },
  ],
  examples: [
    ['dbctl ledger proof audit.audit_log id=0197e5c0-7d3a-7c11-9c53-2f3a7d0f4b11 --save proof.json', 'prove one row'],
    ['node bin/verify-proof.mjs proof.json --key "$KEY" --older-note 0000000041.note', 'what the other party runs'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ proveRow }, { inTransaction }, { splitName }] = await Promise.all([
    import('../ops/ledger/proof.ts'),
    import('../db/transaction.ts'),
    import('../db/ident.ts'),
  ]);
  const { settings } = await openLedger(context);
  const table = splitName(String(options['table']));
  const olderNote = options['olderNote'] === undefined ? undefined : await readNote(options['olderNote'] as string, context.cwd);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl ledger', statementTimeoutMs: 0 }, async (session) => {
    const key = keyOf((options['key'] ?? []) as readonly string[]);
    const bundle = await inTransaction(session, 'isolation level repeatable read, read only', () =>
      proveRow(session, settings, { table, key, ...(olderNote === undefined ? {} : { olderNote }) }),
    );
    const text = JSON.stringify(bundle, null, 2);
    const file = options['save'] as string | undefined;
    if (file !== undefined) await save(file, `${text}\n`, context.cwd);
    return {
      ok: true,
      items: [item({ id: 'proof', object: String(options['table']), message: file ?? 'proved', bundle: JSON.parse(text) })],
      summary: { window: bundle.log.index, size: bundle.log.size },
      target: context.target(session),
      view: {
        text:
          file === undefined
            ? text
            : `${file}: check it with node bin/verify-proof.mjs ${file} --key '${settings.publicKeys[0] ?? 'KEY'}'`,
      },
    };
  });
}

function keyOf(words: readonly string[]): Record<string, string> {
  const pairs = words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) fail('usage', `a key is written column=value, not ${word}`, { hint: 'Run dbctl ledger proof --help.' });
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

async function readNote(file: string, cwd: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(resolve(cwd, file), 'utf8').catch((thrown: Error) =>
    fail('usage', `${file} cannot be read: ${thrown.message}`, { hint: 'Name a note a sink keeps.' }),
  );
}

/** The document holds a row of an audit table: nobody else reads it by accident. */
async function save(file: string, text: string, cwd: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(resolve(cwd, file), text, { mode: 0o600, flag: 'wx' }).catch((thrown: NodeJS.ErrnoException) =>
    fail('refused', thrown.code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written: ${thrown.message}`, {
      hint: 'Name another file.',
    }),
  );
}
