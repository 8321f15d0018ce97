import type { Actor, Held } from './actor.ts';
import type { TestedRelation } from './relation.ts';

/** What stands in the way of an attempt; the catalogue says for each path and rank which of these it has to be. */
export type Expectation =
  /** SQLSTATE: the attempt fails with this and no other. Another error may hide that a guard is missing. */
  | { readonly kind: 'refused'; readonly sqlstate: string }
  /** It works, and has to. */
  | { readonly kind: 'works' }
  /** No layer in the database can refuse it: said in the answer, never counted as refused. */
  | { readonly kind: 'known-open'; readonly because: string };

/** One way to change, hide or falsify what a protected relation says. */
export interface AttackPath {
  readonly id: string;
  readonly group: 'dml' | 'guards' | 'definition' | 'inserts' | 'privileges';
  /** False where the relation has nothing this path could use. */
  applies(relation: TestedRelation): boolean;
  /** Statements, run as the actor; those before `as` are run by the session's own user. */
  sql(relation: TestedRelation): readonly string[];
  /** Statements the session's own user runs first; needs a superuser. */
  readonly before?: (relation: TestedRelation) => readonly string[];
  expects(actor: Actor, held: Held, relation: TestedRelation): Expectation;
}

export const refused = (sqlstate: string): Expectation => ({ kind: 'refused', sqlstate });
export const DENIED = refused('42501');

/** A statement on rows: PostgreSQL denies it to who holds no right, the guard refuses it to who does. */
export const guarded =
  (right: keyof Held, code: string) =>
  (_: Actor, held: Held): Expectation =>
    held[right] ? refused(code) : DENIED;

/** A change of the definition: only the owner may try, and superusers; both are refused at the end of the command. */
export const locked =
  (code: string) =>
  ({ rank }: Actor): Expectation =>
    rank === 'app' ? DENIED : refused(code);

export const always = (): true => true;
