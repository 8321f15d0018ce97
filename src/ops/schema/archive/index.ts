import { createFunction, signatureOf } from '../immutability/function.ts';
import { ARCHIVE_FUNCTIONS } from './functions.ts';
import { OWNERSHIP, TABLES } from './tables.ts';

/** A version of schema dbctl: partitions of protected tables leave the database when their copy was read back, and in no other way. */
export function archiveVersion(): string {
  return [TABLES, ...ARCHIVE_FUNCTIONS.map(createFunction), OWNERSHIP(ARCHIVE_FUNCTIONS.map(signatureOf))].join('\n\n');
}
