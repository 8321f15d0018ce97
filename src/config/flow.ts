import { stringify } from 'yaml';
import type { Json } from '../core/json.ts';

/** A value as it would be written in dbctl.yaml, on one line: `"18.2"`, `[pgcrypto, pg_trgm]`. */
export function flowText(value: Json): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}
