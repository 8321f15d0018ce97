import type { Step } from '../../core/step.ts';
import type { Comparison } from '../roles/difference/inputs.ts';
import { differences } from '../roles/difference/differences.ts';
import type { Difference } from '../roles/difference/model.ts';
import { connectingAdministrators } from '../roles/desired/derived.ts';
import { planRoles } from '../roles/plan/plan.ts';

/** Kinds about roles themselves, which need no object of the database. */
const OF_ROLES: ReadonlySet<Difference['kind']> = new Set([
  'role-missing',
  'attribute',
  'connection-limit',
  'valid-until',
  'setting',
  'membership-missing',
]);

/**
 * What of `roles apply` can be done before there is a schema: roles, their settings, and memberships in roles that are there or are made.
 * Rights follow when the migrations have made what they are on. Pure.
 */
export function roleSteps(comparison: Comparison): readonly Step[] {
  const found = differences(comparison).filter(({ kind }) => OF_ROLES.has(kind));
  return planRoles(found, comparison).gives;
}

/** Roles of another hand that will run `roles apply` here: they are let in as the logins of the file are. Pure. */
export const administratorsOf = ({ file, desired, catalog }: Comparison): readonly string[] =>
  connectingAdministrators(file.administrators, desired.roles, catalog);
