import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the server of a data folder had room for when it was copied, whatever configuration it was started with. */
export interface ServerRoom {
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
}

/** `PG_CONTROL_VERSION`: of 13 to 17, and of 18. The fields read here are at the same places in both. */
const VERSIONS = [1300, 1800];

/** Offsets in `ControlFileData` (src/include/catalog/pg_control.h), in the byte order of the machine. */
const AT = { version: 8, maxPreparedTransactions: 192, maxLocksPerTransaction: 196, floatFormat: 208 } as const;

/** The server writes it to know its own layout again: here it says that the offsets are right. */
const FLOAT_FORMAT = 1_234_567;

/** Null: of another layout than is known here, such as that of a machine of the other byte order. */
export function parseControlFile(bytes: Buffer): ServerRoom | null {
  if (bytes.length < AT.floatFormat + 8 || !VERSIONS.includes(bytes.readUInt32LE(AT.version))) return null;
  if (bytes.readDoubleLE(AT.floatFormat) !== FLOAT_FORMAT) return null;
  return {
    maxPreparedTransactions: bytes.readInt32LE(AT.maxPreparedTransactions),
    maxLocksPerTransaction: bytes.readInt32LE(AT.maxLocksPerTransaction),
  };
}

/** That of a data folder; null: it is not there, or of another layout. */
export const readControlFile = async (data: string): Promise<ServerRoom | null> =>
  readFile(join(data, 'global', 'pg_control')).then(parseControlFile, (thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return null;
    throw thrown;
  });
