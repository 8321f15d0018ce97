import type { GuardFacts } from './inspect.ts';
import type { ImmutabilitySettings } from './settings.ts';

/** A layer this server, or the role dbctl runs as, does not allow. */
export interface MissingLayer {
  readonly layer: 'owner' | 'event-triggers' | 'roles';
  readonly why: string;
  /** What an attacker of which rank can still do. */
  readonly leavesOpen: string;
  readonly fix: string;
}

/** Layers that are out of reach for this session, each with what that leaves open. */
export function missingLayers({ owner, tables }: ImmutabilitySettings, { server }: GuardFacts): readonly MissingLayer[] {
  if (tables.length === 0) return [];
  const missing: MissingLayer[] = server.ownerIsOpen.map((open) => ({
    layer: 'roles',
    why: open,
    leavesOpen: 'whoever can become the owner of the tables or of the guards can take the guards away',
    fix: `revoke the membership, or: alter role ${owner} nologin`,
  }));
  if (server.superuser) return missing;
  const complete = server.eventTriggers.length > 0;
  if (!server.roles.includes(owner) || !server.mayCreateRoles) {
    missing.push({
      layer: 'owner',
      why: `${server.user} is not a superuser and cannot give the tables to a role that nobody can become`,
      leavesOpen:
        'the owner of a table can disable its triggers, drop it or change its columns; updates, deletes and truncates stay refused',
      fix: 'run dbctl immutability install once as a superuser, or as the provider’s administrator',
    });
  }
  if (!complete) {
    missing.push({
      layer: 'event-triggers',
      why: `${server.user} may not create event triggers`,
      leavesOpen:
        'DDL by the owner of a table is not refused, only found by dbctl verify; new partitions have the row guard alone until the next install',
      fix: 'run dbctl immutability install once as a superuser, or as the provider’s administrator where it may create event triggers',
    });
  }
  return missing;
}
