import type { JsonObject } from '../../core/json.ts';
import type { Check } from './check.ts';

/** What one row of a check says. */
export interface Finding {
  readonly object: string;
  readonly detail: string;
  readonly data: JsonObject;
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
