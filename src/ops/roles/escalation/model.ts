import type { JsonObject } from '../../../core/json.ts';
import type { Severity } from '../../../core/report.ts';
import type { ReachedBy } from '../audit/reached-by.ts';
import type { RoleCatalog, SecuredObject } from '../catalog/model.ts';
import type { Comparison, RoleNames } from '../difference/inputs.ts';
import type { AclEntry, RoleId } from '../rights/acl.ts';
import type { Reach } from '../rights/reach.ts';
import type { EscalationDetails } from './details.ts';

/** What rules judge from. */
export interface Facts {
  readonly catalog: RoleCatalog;
  readonly details: EscalationDetails;
  readonly file: Comparison['file'];
  readonly desired: Comparison['desired'];
  readonly names: RoleNames;
  /** Where each login that is not superuser leads. */
  readonly reaches: ReadonlyMap<RoleId, Reach>;
  /** The logins that have, or can come to have, what a role was granted; of PUBLIC everybody. */
  readonly holders: (role: RoleId) => readonly ReachedBy[];
  /** The logins that are a role or can become it: attributes and settings are not inherited. */
  readonly becomers: (role: RoleId) => readonly ReachedBy[];
  /** Logins that the file names as administrators, or that have such a role now. */
  readonly administrators: ReadonlySet<string>;
  /** The owner and the creators of the file, who are to own and make objects. */
  readonly isBuilder: (role: RoleId) => boolean;
  /** Every entry of an ACL that somebody other than the owner has and some login reaches. */
  readonly grants: readonly Grant[];
  readonly relations: ReadonlyMap<number, SecuredObject>;
  readonly routines: ReadonlyMap<number, SecuredObject>;
}

/** An entry of an ACL, and who comes to have it. */
export interface Grant {
  readonly object: SecuredObject;
  readonly entry: AclEntry;
  readonly ways: readonly ReachedBy[];
}

/** That a rule is broken: by what, for whom. */
export interface Evidence {
  readonly object: string;
  /** The role of it, for exceptions; PUBLIC for everybody. */
  readonly role: string;
  readonly message: string;
  /** The statements that end it, or what a person has to do. */
  readonly fix: string;
  readonly ways: readonly ReachedBy[];
  /** Where it is not that of the rule. */
  readonly severity?: Severity;
  /** True: what would have to be seen was not, and fix names the GRANT that shows it. */
  readonly unseen?: boolean;
  readonly detail?: JsonObject;
}

/** Something a right leads to that its name does not say. */
export interface Rule {
  /** Kebab-case and for ever: exceptions and other tools refer to it. */
  readonly id: string;
  /** The tried ways of docs/roles.md it is about. */
  readonly paths: readonly number[];
  readonly severity: Severity;
  readonly title: string;
  /** What can be done with it, as it was seen on a server. */
  readonly why: string;
  readonly judge: (facts: Facts) => readonly Evidence[];
}

/** What PostgreSQL lets everybody do, and no catalog shows: to be known, and never a finding. */
export interface Property {
  readonly id: string;
  readonly paths: readonly number[];
  readonly title: string;
  readonly why: string;
}
