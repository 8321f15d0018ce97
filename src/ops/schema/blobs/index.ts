import { createFunction, signatureOf } from '../immutability/function.ts';
import { BLOB_FUNCTIONS } from './functions.ts';
import { OWNERSHIP, TABLES } from './tables.ts';

/** A version of schema dbctl: files and objects that proof rows refer to leave hot storage, and every step of it is a row. */
export function blobsVersion(): string {
  return [TABLES, ...BLOB_FUNCTIONS.map(createFunction), OWNERSHIP(BLOB_FUNCTIONS.map(signatureOf))].join('\n\n');
}
