import type { RolesFile } from '../../../config/roles/load.ts';
import { ident } from '../../../db/ident.ts';
import type { MembershipOptions } from '../desired/model.ts';
import { desiredRoles } from '../desired/roles.ts';
import { membershipText } from '../rights/memberships.ts';
import type { Loan } from './loan.ts';

/** A membership that roles.yaml asks for, whoever lent what meanwhile. */
export interface WantedMembership {
  readonly options: MembershipOptions;
  /** `roles.yaml:12`. */
  readonly because: string;
}

/** What the file wants the login to have of the role that it was lent; null: nothing, as before the loan. Pure. */
export function wantedMembership(file: RolesFile, { role, login }: Pick<Loan, 'role' | 'login'>): WantedMembership | null {
  const wanted = desiredRoles(file).find(({ name }) => name === login);
  const options = wanted?.memberOf[role];
  return wanted === undefined || options === undefined ? null : { options, because: wanted.because };
}

/** One row of the membership: each grantor has its own, and what any of them allows counts. */
export interface MembershipRow extends MembershipOptions {
  readonly grantor: string;
}

export interface MembershipStatement {
  readonly sql: string;
  /** Whose row it changes; null: it adds what is missing. */
  readonly grantor: string | null;
}

const OPTIONS = ['inherit', 'set', 'admin'] as const;

/**
 * From the rows there are to what is wanted. Without anything wanted every row goes: a loan is refused to who is a member already, so that each
 * was made since. CASCADE, since whoever was given ADMIN may have passed the role on, and would keep the loan open. Pure.
 */
export function endStatements(
  { role, login }: Pick<Loan, 'role' | 'login'>,
  rows: readonly MembershipRow[],
  wanted: MembershipOptions | null,
): MembershipStatement[] {
  const revoke = (what: string, grantor: string): MembershipStatement => ({
    sql: `revoke ${what}${ident(role)} from ${ident(login)} granted by ${ident(grantor)} cascade`,
    grantor,
  });
  if (wanted === null) return rows.map(({ grantor }) => revoke('', grantor));
  const lacking = OPTIONS.some((option) => wanted[option] && !rows.some((row) => row[option])) || rows.length === 0;
  return [
    ...rows.flatMap((row) =>
      OPTIONS.filter((option) => row[option] && !wanted[option]).map((option) => revoke(`${option} option for `, row.grantor)),
    ),
    ...(lacking ? [{ sql: `grant ${ident(role)} to ${ident(login)} with ${membershipText(wanted)}`, grantor: null }] : []),
  ];
}
