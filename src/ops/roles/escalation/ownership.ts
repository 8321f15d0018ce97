import { ident } from '../../../db/ident.ts';
import type { ReachedBy } from '../audit/reached-by.ts';
import type { SecuredObject } from '../catalog/model.ts';
import { alterTarget } from '../plan/target.ts';
import { PUBLIC } from '../rights/acl.ts';
import { maskOf } from '../rights/privilege.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** What owning lets a login do to others. Roles that nobody logs in as, and that only superusers reach, may own. */
export const OWNERSHIP_RULES: readonly Rule[] = [
  {
    id: 'owner-logs-in',
    paths: [10],
    severity: 'high',
    title: 'a login owns the database or a schema',
    why: 'the owner of a schema dropped tables of others in it; that of the database did so in public, and set the search_path that a superuser got',
    judge: (facts) =>
      facts.catalog.objects
        .filter(({ kind, id, extension }) =>
          kind === 'database' ? id === facts.catalog.database.id : kind === 'schema' && extension === null,
        )
        .flatMap((object): Evidence[] => {
          // Those who inherit the owner or can become it are found by their memberships.
          const ways = facts.becomers(object.owner).filter(({ level }) => level === 'now');
          const message =
            object.kind === 'database'
              ? 'it may drop what is in schema public, and set what the sessions of others begin with'
              : 'it may drop the tables of others in this schema';
          return ways.length === 0 ? [] : [ownerEvidence(facts, object, message, ways)];
        }),
  },
  {
    id: 'routine-owner-reached',
    paths: [12],
    severity: 'high',
    title: 'a routine that others run belongs to a role that a login reaches',
    why: 'the replaced body ran with the rights of the superuser who called it',
    judge: (facts) => {
      const fired = new Set(facts.details.triggers.map(({ routine }) => routine));
      return facts.catalog.objects
        .filter(({ kind, extension, owner }) => kind === 'routine' && extension === null && !facts.isBuilder(owner))
        .filter((object) => fired.has(object.id) || isRunByOthers(object))
        .flatMap((object): Evidence[] => {
          const ways = facts.holders(object.owner);
          const message = 'who reaches its owner can replace its body, which then runs with the rights of whoever calls it';
          return ways.length === 0 ? [] : [ownerEvidence(facts, object, message, ways)];
        });
    },
  },
  {
    id: 'event-trigger-function-owner',
    paths: [13],
    severity: 'critical',
    title: 'the function of an event trigger belongs to a role that a login reaches',
    why: 'the next DDL of a superuser ran what the owner had put into it; making an event trigger itself was refused',
    judge: (facts) =>
      facts.details.eventTriggers.flatMap((one): Evidence[] => {
        const ways = facts.holders(one.routineOwner);
        if (ways.length === 0) return [];
        const owner = facts.names.of(one.routineOwner);
        return [
          {
            object: one.name,
            role: owner,
            message: `${one.routine} belongs to ${owner}, who can put into it what the next DDL of a superuser runs`,
            fix: `alter function ${one.routine} owner to ${ident(facts.names.of(one.owner))};`,
            ways,
          },
        ];
      }),
  },
];

function ownerEvidence(facts: Facts, object: SecuredObject, message: string, ways: readonly ReachedBy[]): Evidence {
  const owner = facts.names.of(object.owner);
  return {
    object: `${object.what} ${object.name}`,
    role: owner,
    message: `it belongs to ${owner}: ${message}`,
    fix: `alter ${alterTarget(object)} owner to ${ident(facts.file.owner)};`,
    ways,
    detail: { owner },
  };
}

/** Superusers may run all; these are the others. */
function isRunByOthers({ acl, owner }: SecuredObject): boolean {
  return acl.some(
    ({ grantee, privileges }) => (grantee === PUBLIC || grantee !== owner) && (privileges & maskOf('EXECUTE')) !== 0,
  );
}
