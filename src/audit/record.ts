import { auditEventProblems, type AuditEvent } from './event.ts';

/** Whatever runs a query with bound values: a pg Client, a pool's client, a wrapper around one. */
export interface Queryable {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/**
 * Writes an event into audit.audit_log on the given connection. Hand in the client of the transaction that makes the change, so that
 * both are kept or neither; for a denied or failed attempt hand in another connection, or the rollback erases the record.
 *
 * Fails with TypeError for an event the table would refuse, and with the driver's error when the insert fails: the change must then
 * be rolled back, because an action that cannot be recorded must not happen.
 */
export async function recordAuditEvent(client: Queryable, event: AuditEvent): Promise<void> {
  const problems = auditEventProblems(event);
  if (problems.length > 0) throw new TypeError(`not an audit event: ${problems.join('; ')}`);
  await client.query(INSERT, [
    event.occurredAt ?? null,
    event.actor.type,
    event.actor.id,
    event.actor.display ?? null,
    event.actor.onBehalfOf ?? null,
    event.action,
    event.entity.type,
    event.entity.id ?? null,
    event.outcome ?? 'success',
    event.reasonCode ?? null,
    JSON.stringify(event.context ?? {}),
    JSON.stringify(event.changes ?? []),
    JSON.stringify(event.metadata ?? {}),
  ]);
}

const INSERT = /* sql */ `
insert into audit.audit_log
  (occurred_at, actor_type, actor_id, actor_display, on_behalf_of, action, entity_type, entity_id, outcome, reason_code, context, changes, metadata)
values
  (coalesce($1::timestamptz, pg_catalog.now()), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13::jsonb)`;
