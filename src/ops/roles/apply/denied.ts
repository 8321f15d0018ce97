import { DbctlError } from '../../../core/errors.ts';
import type { Step } from '../../../core/step.ts';
import { ident } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';

/** Whether who runs it is superuser, and so refused nothing. */
export async function isSuperuser(session: Session): Promise<boolean> {
  const [row] = await session.rows<{ superuser: boolean }>(
    'select r.rolsuper as superuser from pg_catalog.pg_roles r where r.rolname = current_user',
  );
  return row?.superuser === true;
}

/** The refusal of a step, with the step and what whoever runs it is missing. Nothing was changed: the transaction is rolled back. */
export function deniedStep(step: Step, user: string, cause?: DbctlError): DbctlError {
  const said = cause === undefined ? 'the server did nothing, and said so in a warning alone' : cause.message;
  return new DbctlError('db.denied', `${user} may not do this step: ${step.summary}: ${said}`, {
    hint: `${missingRight(step, ident(user), cause?.message ?? '')} Or let a superuser run it: dbctl roles plan --sql. Nothing was changed.`,
    ...(cause === undefined ? {} : { cause }),
    ...(cause?.sqlstate === undefined ? {} : { sqlstate: cause.sqlstate }),
    ...(cause?.detail === undefined ? {} : { detail: cause.detail }),
  });
}

/** What the server asks for, by kind of step (user.c, aclchk.c; measured on 18.2). */
function missingRight({ id, object, sql }: Step, user: string, said: string): string {
  if (said.includes('permission denied to set parameter')) return 'It is a parameter of superusers, and for superusers alone.';
  const [, grantor] = /^set local role (.+);$/m.exec(sql ?? '') ?? [];
  if (grantor !== undefined) return `It takes the role that granted it: grant ${grantor} to ${user} with set true.`;
  switch (id) {
    case 'create role':
      return `It takes CREATEROLE, and each attribute the new role is to have: alter role ${user} createrole.`;
    case 'alter role':
      return (
        `It takes CREATEROLE and ADMIN on the role: grant ${ident(object)} to ${user} with admin true. ` +
        'SUPERUSER and the parameters of superusers are for superusers alone.'
      );
    case 'grant role':
      return `It takes ADMIN on the role of the membership: grant ${membershipRole(sql)} to ${user} with admin true.`;
    case 'revoke role':
      return (
        `It takes ADMIN on the role of the membership: grant ${membershipRole(sql)} to ${user} with admin true. ` +
        'What another role granted is for that role, or for a superuser, to take back.'
      );
    case 'owner':
      return `It takes both owners, and CREATE on the schema: grant …, … to ${user} with inherit true, set true.`;
    default:
      return `It takes the rights of the owner: grant … to ${user} with inherit true.`;
  }
}

/** The role in `grant "app" to …` and `revoke admin option for "app" from …`. */
const membershipRole = (sql: string | null | undefined): string => /"(?:[^"]|"")*"/.exec(sql ?? '')?.[0] ?? '…';
