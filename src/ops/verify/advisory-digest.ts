import { createHash } from 'node:crypto';
import { fail } from '../../core/errors.ts';
import type { Advisories } from './advisories.ts';

/** SHA-256 of the table without its `sha256`, as JSON with sorted keys: it is the same however the file is laid out. */
export function advisoryDigest(table: Advisories): string {
  const rest = Object.fromEntries(Object.entries(table).filter(([key]) => key !== 'sha256'));
  return createHash('sha256').update(canonical(rest)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}}`;
}

/**
 * The table, if it is the one that was checked and signed. Fails with internal otherwise: a version typed wrongly into it would make
 * a server look safe. The digest guards against slips of editing and merging, not against somebody who means harm.
 */
export function requireSigned(table: Advisories): Advisories {
  const digest = advisoryDigest(table);
  if (digest === table.sha256) return table;
  return fail('internal', `the table of advisories is not the one that was signed: sha256 ${digest} instead of ${table.sha256}`, {
    hint: 'After a change of src/ops/verify/advisories.json run npm run advisories; otherwise install dbctl again.',
  });
}
