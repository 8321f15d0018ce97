import type { UnsafeShape } from '../../config/immutability.ts';
import type { Session } from '../../db/session.ts';
import { executorsOf } from '../schema/immutability/executors.ts';
import { NAMES_AND_SHAPES, REGISTERED, SERVER } from './queries.ts';
import type { ImmutabilitySettings } from './settings.ts';

/** What the server lets this session do, and what dbctl has put there. */
export interface ServerFacts {
  readonly user: string;
  readonly superuser: boolean;
  readonly mayCreateRoles: boolean;
  /** Schema dbctl has the registry: its version is 2 or later. */
  readonly registry: boolean;
  readonly roles: readonly string[];
  /** `attributes` of roles that must not be able to log in or have members. */
  readonly ownerIsOpen: readonly string[];
  readonly eventTriggers: readonly { readonly name: string; readonly enabled: string; readonly runs: string }[];
  /** Hash, as functionHash() makes it, of each function of schema dbctl, by name. */
  readonly functions: Readonly<Record<string, string>>;
  /** Of the roles that dbctl.yaml lets call something those that are there. */
  readonly callers: readonly string[];
  /** Roles that may execute a governed function, by `function role`. */
  readonly executors: readonly string[];
  /** Owner of each function of schema dbctl, by name. */
  readonly functionOwners: Readonly<Record<string, string>>;
  /** Triggers of the registry's own tables that are missing or not enabled always, as `dbctl.permit: permit_ends`. */
  readonly registryTriggers: readonly string[];
}

/** A table of dbctl.yaml as the catalogs show it. */
export interface TableFacts {
  readonly schema: string;
  readonly name: string;
  /** Null: no such table. */
  readonly oid: string | null;
  readonly kind: string;
  readonly persistence: string;
  readonly owner: string;
  readonly mayOwn: boolean;
  /** Qualified names of its partitions, at any depth. */
  readonly partitions: readonly string[];
  readonly shapes: readonly { readonly shape: UnsafeShape; readonly what: string }[];
  readonly columns: readonly string[];
  /** `role: PRIVILEGE, PRIVILEGE`: what others than the owner hold and will lose. */
  readonly grants: readonly string[];
  readonly schemaGranted: boolean;
}

/** A row of the registry beside the relation it is about. */
export interface RegisteredFacts {
  readonly name: string;
  readonly root: string;
  readonly gone: boolean;
  readonly owner: string | null;
  readonly generated: readonly string[];
  readonly accept: readonly string[];
  readonly runbook: string;
  readonly problems: readonly string[];
  /** Foreign keys whose check the owner may not make, as `name of table`, and the GRANT that lets it; null: there are none. */
  readonly unchecked: { readonly keys: readonly string[]; readonly grant: string } | null;
  /** Who owns the relation now. */
  readonly holder: string | null;
  /** Parts of the shape that differ from what was accepted: part to [was, is]. */
  readonly changed: Readonly<Record<string, readonly [unknown, unknown]>>;
}

export interface GuardFacts {
  readonly server: ServerFacts;
  readonly tables: readonly TableFacts[];
  readonly registered: readonly RegisteredFacts[];
}

/** Reads all of it; three messages. Needs no rights but those to read the catalogs, and dbctl_auditor's for the registry. */
export async function inspectGuards(session: Session, settings: ImmutabilitySettings): Promise<GuardFacts> {
  const wanted = settings.tables.map(({ schema, name }) => ({ schema, name }));
  const [server] = await session.rows<ServerFacts>(SERVER, [settings.owner, callersOf(settings)]);
  const tables = await session.rows<TableFacts>(NAMES_AND_SHAPES, [JSON.stringify(wanted), settings.owner]);
  const registered = server?.registry === true ? await session.rows<RegisteredFacts>(REGISTERED) : [];
  return { server: server as ServerFacts, tables, registered };
}

const callersOf = (settings: ImmutabilitySettings): readonly string[] => [
  ...new Set(Object.values(executorsOf(settings)).flat()),
];
