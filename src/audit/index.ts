// dbctl/audit: one format for what happened, written in the transaction of the change.
export { ACTOR_TYPES, auditEventProblems, OUTCOMES, type AuditEvent } from './event.ts';
export { recordAuditEvent, type Queryable } from './record.ts';
