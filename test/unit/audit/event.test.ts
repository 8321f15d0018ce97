import { describe, expect, it } from 'vitest';
import { auditEventProblems, type AuditEvent } from '../../../src/audit/event.ts';

const event: AuditEvent = {
  actor: { type: 'user', id: '7' },
  action: 'identity.user.role_changed',
  entity: { type: 'identity.users', id: '7' },
};

describe('auditEventProblems', () => {
  it('finds none in a good event', () => expect(auditEventProblems(event)).toEqual([]));
  it.each<[Partial<AuditEvent>, string]>([
    [{ actor: { type: 'robot' as 'user', id: '1' } }, 'actor.type is one of user, service, system, job, not robot'],
    [{ actor: { type: 'user', id: '' } }, 'actor.id has 1 to 200 characters'],
    [{ action: 'login' }, 'action is dotted lower case words, domain.object.verb, not login'],
    [{ action: 'a.b.c.d.e' }, 'action is dotted lower case words, domain.object.verb, not a.b.c.d.e'],
    [{ entity: { type: 'Users' } }, 'entity.type is area.table in lower case, not Users'],
    [{ outcome: 'denied' }, 'an outcome of denied needs a reasonCode'],
    [{ metadata: { text: 'x'.repeat(8_192) } }, 'metadata is over 8192 bytes'],
  ])('%j', (change, problem) => expect(auditEventProblems({ ...event, ...change })).toEqual([problem]));
});
