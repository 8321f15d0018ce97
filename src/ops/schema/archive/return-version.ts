import { createFunction, signatureOf } from '../immutability/function.ts';
import { GRANT_REPAIRS } from '../immutability/partitions.ts';
import { RETURN_FUNCTIONS } from './return-functions.ts';
import { RETURN_TABLE, returnOwnership } from './return-tables.ts';

/**
 * A version of schema dbctl: partitions that left come back attached, and whoever copies partitions may read new ones. The function for the latter
 * is there already, and was another one.
 */
export function returnVersion(): string {
  const functions = [...RETURN_FUNCTIONS, GRANT_REPAIRS];
  return [RETURN_TABLE, ...functions.map(createFunction), returnOwnership(functions.map(signatureOf))].join('\n\n');
}
