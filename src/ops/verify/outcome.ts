import type { JsonObject } from '../../core/json.ts';
import type { Check } from './check.ts';

/** What one row of a check says. */
export interface Finding {
  readonly object: string;
  readonly detail: string;
  readonly data: JsonObject;
}

/** True for a row that accuses nothing: `status` in its data says that this object is unknown, or skipped. */
export function isSilent({ data }: Finding): boolean {
  return data['status'] === 'unknown' || data['status'] === 'skipped';
}

/** What came of one check. `pass` only when its query ran and its needs were met. */
export type Outcome =
  | { readonly kind: 'pass'; readonly check: Check }
  | { readonly kind: 'found'; readonly check: Check; readonly findings: readonly Finding[] }
  | {
      readonly kind: 'unknown';
      readonly check: Check;
      readonly reason: string;
      readonly fix: string | null;
      readonly sqlstate?: string;
    }
  | { readonly kind: 'skipped'; readonly check: Check; readonly reason: string };
