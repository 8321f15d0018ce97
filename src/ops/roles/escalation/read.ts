import type { Session } from '../../../db/session.ts';
import type { Role } from '../catalog/model.ts';
import { defaultAcl, parseAcl, type AclEntry } from '../rights/acl.ts';
import type {
  EscalationDetails,
  EventTriggerDetail,
  MappingDetail,
  PasswordDetail,
  PolicyDetail,
  RoutineDetail,
  SystemAcl,
  TriggerDetail,
  ViewDetail,
} from './details.ts';
import {
  EVENT_TRIGGERS,
  MAPPINGS,
  PARAMETERS,
  PASSWORD_SOURCE,
  PASSWORDS_OF_CATALOG,
  PASSWORDS_OF_FUNCTION,
  POLICIES,
  ROUTINE_DETAILS,
  SYSTEM_ACLS,
  TRIGGERS,
  VIEWS,
} from './queries.ts';

type SystemAclRow = Omit<SystemAcl, 'acl' | 'initial'> & { readonly acl: string; readonly initial: string | null };

/**
 * Reads what the rules ask, within the caller's transaction, which is to be the one the catalog was read in. What the running role may not
 * see is marked so, and nothing fails for it. Fails like {@link Session.rows}.
 */
export async function readEscalationDetails(session: Session, roles: readonly Role[]): Promise<EscalationDetails> {
  const parameters = await session.rows<{ name: string; value: string }>(PARAMETERS);
  return {
    routines: await session.rows<RoutineDetail>(ROUTINE_DETAILS),
    triggers: await session.rows<TriggerDetail>(TRIGGERS),
    eventTriggers: await session.rows<EventTriggerDetail>(EVENT_TRIGGERS),
    views: await session.rows<ViewDetail>(VIEWS),
    policies: await session.rows<PolicyDetail>(POLICIES),
    mappings: await session.rows<MappingDetail>(MAPPINGS),
    systemAcls: await readSystemAcls(session, roles),
    parameters: new Map(parameters.map(({ name, value }) => [name, value])),
    passwords: await readPasswords(session),
  };
}

async function readSystemAcls(session: Session, roles: readonly Role[]): Promise<SystemAcl[]> {
  const ids = new Map(roles.map(({ id, name }) => [name, id]));
  const parsed = (text: string): AclEntry[] => parseAcl(text, (name) => ids.get(name));
  const rows = await session.rows<SystemAclRow>(SYSTEM_ACLS);
  return rows.map((row) => ({
    ...row,
    acl: parsed(row.acl),
    initial: row.initial === null ? defaultAcl(row.kind, row.owner, session.serverVersion) : parsed(row.initial),
  }));
}

async function readPasswords(session: Session): Promise<PasswordDetail[] | null> {
  const [row] = await session.rows<{ source: 'catalog' | 'function' | null }>(PASSWORD_SOURCE);
  if (row === undefined || row.source === null) return null;
  return session.rows<PasswordDetail>(row.source === 'catalog' ? PASSWORDS_OF_CATALOG : PASSWORDS_OF_FUNCTION);
}
