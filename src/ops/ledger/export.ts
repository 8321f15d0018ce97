import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';

export interface ExportedFile {
  readonly name: string;
  readonly lines: number;
  /** Hex, of the whole file. */
  readonly sha256: string;
}

/** Each file, and the query whose rows it holds; `entry` of a window is what its leaf in the log is the hash of (entry.ts). */
const FILES: readonly (readonly [name: string, query: string])[] = [
  ['epochs.jsonl', 'select e.* from dbctl.ledger_epoch e order by e.epoch'],
  ['columns.jsonl', 'select c.* from dbctl.ledger_columns c order by c.table_name, c.version'],
  [
    'checkpoints.jsonl',
    `select c.sequence, c.epoch, c.lo, c.hi, c.size, pg_catalog.encode(c.root, 'hex') as root, c.note, c.guards, c.closed_at
     from dbctl.ledger_checkpoint c order by c.sequence`,
  ],
  [
    'windows.jsonl',
    `select w.epoch, w.position, w.sequence, w.table_name, w.partition_name, w.columns_version, w.lo, w.hi, w.rows, pg_catalog.encode(w.root, 'hex') as root
     from dbctl.ledger_window w order by w.epoch, w.position`,
  ],
  ['receipts.jsonl', 'select r.* from dbctl.ledger_receipt r order by r.sequence, r.sink'],
  ['events.jsonl', 'select e.* from dbctl.ledger_event e order by e.id'],
];

const PAGE = 5_000;

/**
 * Writes the log into a new folder, in one snapshot, and a file SHA256SUMS that `sha256sum -c` reads.
 * Fails with refused when the folder is there already.
 */
export async function exportLedger(session: Session, folder: string): Promise<ExportedFile[]> {
  await mkdir(folder).catch((thrown: NodeJS.ErrnoException) =>
    fail('refused', thrown.code === 'EEXIST' ? `${folder} is there already` : `${folder} cannot be made: ${thrown.message}`, {
      hint: 'Name a new folder in one that is there.',
    }),
  );
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    const written: ExportedFile[] = [];
    for (const [name, query] of FILES) written.push(await writeFile(session, folder, name, query));
    const sums = written.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
    const file = await open(join(folder, 'SHA256SUMS'), 'wx');
    await file.writeFile(sums);
    await file.close();
    return written;
  });
}

async function writeFile(session: Session, folder: string, name: string, query: string): Promise<ExportedFile> {
  const file = await open(join(folder, name), 'wx');
  const hash = createHash('sha256');
  let lines = 0;
  try {
    await session.script(
      `declare log no scroll cursor for select pg_catalog.to_jsonb(q)::pg_catalog.text as line from (${query}) q`,
    );
    for (;;) {
      const rows = await session.rows<{ line: string }>(`fetch ${PAGE} from log`);
      if (rows.length === 0) break;
      const text = rows.map(({ line }) => `${line}\n`).join('');
      hash.update(text);
      await file.writeFile(text);
      lines += rows.length;
    }
    await session.script('close log');
    await file.sync();
  } finally {
    await file.close();
  }
  return { name, lines, sha256: hash.digest('hex') };
}
