import type { Json, JsonObject } from '../core/json.ts';

export const ACTOR_TYPES = ['user', 'service', 'system', 'job'] as const;
export const OUTCOMES = ['success', 'failure', 'denied'] as const;

/**
 * One audit event, format dbctl.audit/1: who did what, to what, with what outcome. Ids, times and the database's own view of the
 * writer are not part of it: the table's defaults fill them in, so that a caller cannot forge them.
 */
export interface AuditEvent {
  readonly actor: {
    readonly type: (typeof ACTOR_TYPES)[number];
    readonly id: string;
    readonly display?: string;
    /** The user for whom the actor acted. */
    readonly onBehalfOf?: string;
  };
  /** Dotted, `domain.object.verb`, from the application's closed registry. */
  readonly action: string;
  readonly entity: { readonly type: string; readonly id?: string };
  readonly outcome?: (typeof OUTCOMES)[number];
  /** Stable code of a failure or denial; never the text of an error, which may quote data. */
  readonly reasonCode?: string;
  /** Where it came from: app, request_id, trace_id, session_id, query_name. */
  readonly context?: JsonObject;
  /** Allow-listed fields with old and new value, digests of others. */
  readonly changes?: readonly { readonly path: string; readonly from: Json; readonly to: Json }[];
  /** Small facts of the action, at most 8 KiB as JSON. */
  readonly metadata?: JsonObject;
  /** When the client says it happened; the database records its own time beside it. */
  readonly occurredAt?: Date;
}

/** The limits of the table's checks, told before a transaction is lost to them. */
const ACTION = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){1,3}$/;
const ENTITY_TYPE = /^[a-z][a-z0-9_.]{0,99}$/;
const METADATA_BYTES = 8_192;

/** What is wrong with an event; empty when it can be recorded. */
export function auditEventProblems(event: AuditEvent): readonly string[] {
  const problems: string[] = [];
  const { actor, action, entity, outcome = 'success', metadata = {} } = event;
  if (!ACTOR_TYPES.includes(actor.type)) problems.push(`actor.type is one of ${ACTOR_TYPES.join(', ')}, not ${actor.type}`);
  if (actor.id.length < 1 || actor.id.length > 200) problems.push('actor.id has 1 to 200 characters');
  if (!ACTION.test(action)) problems.push(`action is dotted lower case words, domain.object.verb, not ${action}`);
  if (!ENTITY_TYPE.test(entity.type)) problems.push(`entity.type is area.table in lower case, not ${entity.type}`);
  if (!OUTCOMES.includes(outcome)) problems.push(`outcome is one of ${OUTCOMES.join(', ')}, not ${outcome}`);
  if (outcome !== 'success' && event.reasonCode === undefined) problems.push(`an outcome of ${outcome} needs a reasonCode`);
  if (Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES) problems.push(`metadata is over ${METADATA_BYTES} bytes`);
  return problems;
}
