import { leafHash } from './merkle.ts';

/** An entry of the log: which rows one window of one partition had, as a root. */
export interface WindowEntry {
  readonly epoch: number;
  /** Root table, `schema.table`. */
  readonly table: string;
  /** The partition that holds the rows; the table itself where it has none. */
  readonly partition: string;
  readonly columnsVersion: number;
  /** Transaction ids: lo <= xid < hi. Decimal text, since they have 64 bits. */
  readonly lo: string;
  readonly hi: string;
  readonly rows: number;
  readonly root: Buffer;
}

const FORMAT = 'dbctl-window-v1';

/**
 * The bytes of an entry: lines a person can read, so that a proof needs no description to be checked by hand. Names cannot hold a line
 * feed here. Fails with RangeError on one that does.
 */
export function entryBytes({ epoch, table, partition, columnsVersion, lo, hi, rows, root }: WindowEntry): Buffer {
  const lines = [
    FORMAT,
    `epoch ${epoch}`,
    `table ${table}`,
    `partition ${partition}`,
    `columns ${columnsVersion}`,
    `xid ${lo} ${hi}`,
    `rows ${rows}`,
    `root ${root.toString('hex')}`,
  ];
  if (lines.some((line) => line.includes('\n'))) throw new RangeError(`a name with a line feed: ${JSON.stringify(partition)}`);
  return Buffer.from(`${lines.join('\n')}\n`);
}

export const entryHash = (entry: WindowEntry): Buffer => leafHash(entryBytes(entry));
