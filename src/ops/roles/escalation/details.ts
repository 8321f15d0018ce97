import type { AclEntry, RoleId } from '../rights/acl.ts';
import type { ObjectKind } from '../rights/kinds.ts';

/** What decides whether a routine can be led astray. Its name, owner and ACL are among the objects of the catalog. */
export interface RoutineDetail {
  readonly id: number;
  /** SECURITY DEFINER. */
  readonly definer: boolean;
  readonly language: string;
  /** BEGIN ATOMIC or RETURN: names were resolved when it was made. */
  readonly atomic: boolean;
  /** The value of SET search_path as the catalog has it; null: the caller's. */
  readonly searchPath: string | null;
  /** Its body holds what looks like a password. */
  readonly holdsSecret: boolean;
}

export interface TriggerDetail {
  readonly name: string;
  readonly relation: number;
  readonly routine: number;
}

export interface EventTriggerDetail {
  readonly name: string;
  readonly owner: RoleId;
  /** As SQL takes it: `app.guard()`. */
  readonly routine: string;
  readonly routineOwner: RoleId;
}

/** A view or materialized view. */
export interface ViewDetail {
  readonly id: number;
  /** Reads its tables with the rights of whoever asks. */
  readonly invoker: boolean;
  readonly barrier: boolean;
  /** It has a WHERE. */
  readonly filters: boolean;
  /** Oids of the relations it reads. */
  readonly bases: readonly number[];
}

export interface PolicyDetail {
  readonly relation: number;
  readonly name: string;
  readonly permissive: boolean;
  /** Empty: PUBLIC. */
  readonly roles: readonly RoleId[];
  /** Its condition is `true`. */
  readonly always: boolean;
  /** It asks current_setting(), in the condition or in a function that it calls. */
  readonly asksSetting: boolean;
}

/** A user mapping of a foreign server. */
export interface MappingDetail {
  readonly server: string;
  readonly serverOwner: RoleId;
  readonly serverId: number;
  /** 0: of everybody. */
  readonly user: RoleId;
  /** False: the running role may not see its options. */
  readonly visible: boolean;
  readonly passwordRequired: boolean;
}

/** An object of the server's own schemas whose ACL is not as initdb, or the extension it belongs to, left it. */
export interface SystemAcl {
  readonly kind: ObjectKind;
  readonly id: number;
  /** `pg_catalog.pg_read_file(text)`; of a column that of its table. */
  readonly name: string;
  /** Quoted where it has to be. */
  readonly column: string | null;
  readonly owner: RoleId;
  readonly acl: readonly AclEntry[];
  readonly initial: readonly AclEntry[];
}

export const PASSWORD_KINDS = ['none', 'scram-sha-256', 'md5', 'other'] as const;
export interface PasswordDetail {
  readonly role: string;
  readonly kind: (typeof PASSWORD_KINDS)[number];
}

/** What the rules ask besides {@link RoleCatalog}; read in the same snapshot. */
export interface EscalationDetails {
  readonly routines: readonly RoutineDetail[];
  readonly triggers: readonly TriggerDetail[];
  readonly eventTriggers: readonly EventTriggerDetail[];
  readonly views: readonly ViewDetail[];
  readonly policies: readonly PolicyDetail[];
  readonly mappings: readonly MappingDetail[];
  readonly systemAcls: readonly SystemAcl[];
  /** Parameters of the server that rules ask for, as its configuration has them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** null: the running role may not see them. */
  readonly passwords: readonly PasswordDetail[] | null;
}
