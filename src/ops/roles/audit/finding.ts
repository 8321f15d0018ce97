import type { JsonObject } from '../../../core/json.ts';
import type { Severity } from '../../../core/report.ts';

/** Something about a role that should not be so. */
export interface Finding {
  /** Kebab-case and for ever: exceptions and other tools refer to it. */
  readonly id: string;
  readonly severity: Severity;
  /** unknown: it could not be seen, and fix says what would show it. */
  readonly status: 'fail' | 'unknown';
  /** What is concerned: `readonly SELECT on identity.users`. */
  readonly object: string;
  readonly message: string;
  /** The statements that put it right, or what a person has to do; null where there is no such thing. */
  readonly fix: string | null;
  /** The role of it, for exceptions. */
  readonly role: string;
  readonly detail: JsonObject;
}

/** What a finding says; medium where nothing else is said. */
export type FindingWords = Pick<Finding, 'id' | 'object' | 'message'> & {
  readonly severity?: Severity;
  readonly detail?: JsonObject;
  /** Where no step of a plan puts it right. */
  readonly fix?: string;
};
