import { splitName } from '../../db/ident.ts';
import { executorsOf } from '../schema/immutability/executors.ts';
import { bodyHash, SEARCH_PATH, type DatabaseFunction } from '../schema/immutability/function.ts';
import { EVENT_TRIGGERS, GUARD_FUNCTIONS } from '../schema/immutability/index.ts';

/** A table of dbctl.yaml that is append-only, as the checks' jsonb names its parts. */
export interface ProtectedTablePolicy {
  readonly schema: string;
  readonly table: string;
  /** Columns nobody may be granted insert on. */
  readonly generated: readonly string[];
  /** Unsafe shapes it may keep. */
  readonly accept: readonly string[];
}

/** A function of schema dbctl as it has to be installed. */
export interface GuardFunctionPolicy {
  readonly name: string;
  /** As pg_get_function_arguments() writes them. */
  readonly args: string;
  /** Hex, of pg_proc.prosrc. */
  readonly sha256: string;
  readonly language: string;
  readonly definer: boolean;
  readonly volatility: 'volatile' | 'stable';
  /** As pg_proc.proconfig has them, in lower case. */
  readonly settings: readonly string[];
  /** The same as the clauses of alter function. */
  readonly clauses: string;
  /** Role that owns it. */
  readonly owner: string;
  /** Roles besides its owner that may execute it; null: everybody. */
  readonly executors: readonly string[] | null;
}

/** What the checks of group immutability compare a database with. */
export interface GuardPolicy {
  readonly tables: readonly ProtectedTablePolicy[];
  /** Role that owns the tables. */
  readonly owner: string;
  readonly functions: readonly GuardFunctionPolicy[];
  readonly eventTriggers: readonly {
    readonly name: string;
    readonly event: string;
    readonly tags: readonly string[];
    readonly runs: string;
  }[];
}

/** The part of the configuration a guard policy is made of. */
export interface GuardPolicySource {
  readonly owner: string;
  readonly partition_creators: readonly string[];
  readonly unlockers: readonly string[];
  readonly archivers: readonly string[];
  readonly archive_verifiers: readonly string[];
  readonly tables: readonly {
    /** `schema.table`. */
    readonly table: string;
    readonly generated: readonly string[];
    readonly accept: readonly string[];
  }[];
}

/** The role that owns guard functions, registry and permits. */
const GUARD = 'dbctl_guard';

/** The policy a configuration asks for; null where it lists no append-only table, and the checks are skipped. */
export function guardPolicyFrom(source: GuardPolicySource | undefined): GuardPolicy | null {
  if (source === undefined || source.tables.length === 0) return null;
  return {
    tables: source.tables.map(({ table, generated, accept }) => {
      const { schema, name } = splitName(table);
      return { schema, table: name, generated, accept };
    }),
    owner: source.owner,
    functions: GUARD_FUNCTIONS.map((one) => guardFunction(one, source)),
    eventTriggers: EVENT_TRIGGERS.map(({ name, event, tags, runs }) => ({ name, event, tags, runs })),
  };
}

function guardFunction(one: DatabaseFunction, source: GuardPolicySource): GuardFunctionPolicy {
  const settings = [`search_path = ${SEARCH_PATH}`, ...(one.settings ?? [])];
  const granted: Readonly<Record<string, readonly string[]>> = {
    ...executorsOf({
      ...source,
      partitionCreators: source.partition_creators,
      archiveVerifiers: source.archive_verifiers,
    }),
    guard_problems: ['dbctl_auditor'],
    relation_shape: ['dbctl_auditor'],
    blob_removal_problem: ['dbctl_auditor'],
  };
  return {
    name: one.name,
    args: one.args,
    sha256: bodyHash(one),
    language: one.language,
    definer: one.security === 'definer',
    volatility: one.volatility,
    settings: settings.map(stored),
    clauses: settings.map((setting) => `set ${setting}`).join(' '),
    owner: one.owner === 'tables' ? source.owner : GUARD,
    executors: one.public ? null : (granted[one.name] ?? []),
  };
}

/** `timezone = 'UTC'` → `timezone=utc` */
function stored(setting: string): string {
  const [, name = '', value = ''] = /^(\S+) = (.*)$/.exec(setting) ?? [];
  return `${name}=${value.replace(/^'(.*)'$/, '$1')}`.toLowerCase();
}
