import { step, type Step } from '../../core/step.ts';
import { ident, literal } from '../../db/ident.ts';
import { EVENT_TRIGGERS, GUARD_FUNCTIONS, REGISTRY_TRIGGERS } from '../schema/immutability/index.ts';
import { createRoleUnlessThere } from '../schema/role.ts';
import { executorsOf } from '../schema/immutability/executors.ts';
import { createFunction, functionHash, signatureOf, type DatabaseFunction } from '../schema/immutability/function.ts';
import { displayName } from './display-name.ts';
import type { GuardFacts, RegisteredFacts, ServerFacts, TableFacts } from './inspect.ts';
import { missingLayers, type MissingLayer } from './layers.ts';
import { refusals, type Refusal } from './refusals.ts';
import { registrationScript } from './registration.ts';
import type { ImmutabilitySettings, ProtectedTable } from './settings.ts';

export interface GuardPlan {
  readonly steps: readonly Step[];
  /** Tables that cannot be protected as they are. */
  readonly refusals: readonly Refusal[];
  /** What was guarded once and is not as it was left: somebody should look before it is repaired. */
  readonly drift: readonly Drift[];
  /** What this server does not allow, and what that leaves open. */
  readonly missing: readonly MissingLayer[];
  /** Roles of dbctl.yaml that are not there yet, and so could not be let call anything. */
  readonly absent: readonly string[];
}

export interface Drift {
  readonly object: string;
  readonly problem: string;
  /**
   * `guard`: putting the guard back repairs it. `shape`: rows may mean something else now; a person has to accept it or undo it. `key`: a foreign
   * key came, which is no harm to rows, and is let work.
   */
  readonly kind: 'guard' | 'shape' | 'key' | 'gone' | 'function' | 'event-trigger';
  /** The statement or command that repairs it. */
  readonly fix: string;
}

export interface PlanMode {
  /** Put back guards that are not as they were left. */
  readonly repair: boolean;
  /** Tables whose changed shape is accepted, as `schema.table`. */
  readonly accept: readonly string[];
}

/** What has to be done so that every table of dbctl.yaml is guarded, in order. Pure. */
export function planGuards(settings: ImmutabilitySettings, facts: GuardFacts, mode: PlanMode): GuardPlan {
  const refused = refusals(settings, facts);
  const drift = findDrift(facts);
  const names = new Set(refused.map(({ object }) => object));
  const tables = settings.tables.flatMap((table) => {
    const found = facts.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
    return found === undefined || names.has(`${table.schema}.${table.name}`) ? [] : [{ table, found }];
  });
  const guarding = tables.map(({ table, found }) => ({
    root: displayName(table),
    steps: tableSteps(settings, facts, mode, table, found),
  }));
  const anew = new Set(guarding.filter((one) => one.steps.length > 0).map(({ root }) => root));
  const steps = [
    ...roleSteps(settings, facts),
    ...functionSteps(facts, mode),
    ...schemaSteps(settings, facts, tables),
    ...guarding.flatMap((one) => one.steps),
    // Guarding does that too.
    ...facts.registered.filter(({ root }) => !anew.has(root)).flatMap(keySteps),
    ...governedSteps(settings, facts, mode),
    ...eventTriggerSteps(facts, mode),
  ];
  return { steps, refusals: refused, drift, missing: missingLayers(settings, facts), absent: absentRoles(settings, facts) };
}

/** What differs from how it was left. */
export function findDrift({ server, registered }: GuardFacts): readonly Drift[] {
  const relations = registered.flatMap((relation): Drift[] => {
    if (relation.gone) return [drifted(relation.name, 'the table is gone', 'gone')];
    const guards = relation.problems.map((problem) => drifted(relation.name, problem, 'guard'));
    const shapes = Object.entries(relation.changed).map(([part, [was, is]]) =>
      drifted(relation.name, `its ${part} changed from ${JSON.stringify(was)} to ${JSON.stringify(is)}`, 'shape'),
    );
    return [...guards, ...shapes, ...keyDrift(relation)];
  });
  const functions = server.registry ? foreignFunctions(server).map((name) => drifted(`dbctl.${name}`, NOT_OURS, 'function')) : [];
  const installed = server.eventTriggers.length > 0;
  const triggers = EVENT_TRIGGERS.flatMap(({ name, runs }): Drift[] => {
    const found = server.eventTriggers.find((trigger) => trigger.name === name);
    if (found !== undefined && found.enabled === 'A' && found.runs === runs) return [];
    const problem =
      found === undefined ? 'the event trigger is missing' : `the event trigger is not enabled always (${found.enabled})`;
    return installed ? [drifted(name, problem, 'event-trigger')] : [];
  });
  const registry = !server.registry
    ? []
    : server.registryTriggers.map((name) =>
        drifted(name, 'the trigger of the registry is missing or not enabled always', 'function'),
      );
  return [...relations, ...functions, ...registry, ...triggers];
}

function keyDrift({ name, holder, unchecked }: RegisteredFacts): Drift[] {
  return (unchecked?.keys ?? []).map((key) =>
    drifted(
      name,
      `foreign key ${key} cannot be checked: ${holder} may update no column of the table, and whoever writes on the other side is refused`,
      'key',
    ),
  );
}

const NOT_OURS = 'the function is missing or not as dbctl wrote it';

const drifted = (object: string, problem: string, kind: Drift['kind']): Drift => ({
  object,
  problem,
  kind,
  fix: DRIFT_FIX[kind],
});

/** A guard can be put back; what rows mean cannot, so a person decides. */
const DRIFT_FIX: Readonly<Record<Drift['kind'], string>> = {
  guard: 'find out who did it, then: dbctl immutability install --repair',
  function: 'find out who did it, then: dbctl immutability install --repair',
  'event-trigger': 'find out who did it, then: dbctl immutability install --repair',
  key: 'dbctl immutability install',
  shape: 'undo the change; or, if it is right: dbctl immutability install --accept TABLE',
  gone: 'restore it: runbooks/immutability-violation.md',
};

function foreignFunctions({ functions }: GuardFacts['server']): readonly string[] {
  return GUARD_FUNCTIONS.filter((one) => functions[one.name] !== functionHash(one)).map(({ name }) => name);
}

function roleSteps({ owner }: ImmutabilitySettings, { server }: GuardFacts): Step[] {
  if (server.roles.includes(owner) || !server.superuser) return [];
  return [
    step(
      'role',
      owner,
      `create the role ${owner}, which owns the protected tables and which nobody can become`,
      `do $role$ begin\n  ${createRoleUnlessThere(owner)}\nend $role$`,
    ),
  ];
}

function functionSteps({ server }: GuardFacts, { repair }: PlanMode): Step[] {
  if (!repair || !server.registry) return [];
  const names = new Set(foreignFunctions(server));
  const repaired = functionRepairs(names);
  if (server.registryTriggers.length === 0) return repaired;
  // After the functions, which they run.
  return [
    ...repaired,
    step('trigger', 'schema dbctl', 'put the triggers of the registry back', `${SELF_PERMIT}\n${REGISTRY_TRIGGERS}`),
  ];
}

function functionRepairs(names: ReadonlySet<string>): Step[] {
  return GUARD_FUNCTIONS.filter(({ name }) => names.has(name)).map((one) =>
    step('function', `dbctl.${one.name}`, 'write the function anew', `${SELF_PERMIT}\n${createFunction(one)}`),
  );
}

/** Foreign key checks run as the owner of the table, which needs the schema for that; new partitions are created in it. */
function schemaSteps(
  { owner }: ImmutabilitySettings,
  { server }: GuardFacts,
  tables: readonly { readonly found: TableFacts }[],
): Step[] {
  if (!server.superuser) return [];
  const schemas = new Map<string, boolean>();
  for (const { found } of tables) {
    if (!found.schemaGranted) schemas.set(found.schema, (schemas.get(found.schema) ?? false) || found.kind === 'p');
  }
  return [...schemas].map(([schema, partitioned]) => {
    const rights = partitioned ? 'usage, create' : 'usage';
    return step('schema', schema, `let ${owner} use the schema`, `grant ${rights} on schema ${ident(schema)} to ${ident(owner)}`);
  });
}

function tableSteps(
  settings: ImmutabilitySettings,
  { server, registered }: GuardFacts,
  mode: PlanMode,
  table: ProtectedTable,
  found: TableFacts,
): Step[] {
  const name = `${table.schema}.${table.name}`;
  const family = registered.filter(({ root }) => root === displayName(table));
  const guarded = new Set(registered.filter(({ gone }) => !gone).map((relation) => relation.name));
  const whole = found.partitions.every((partition) => guarded.has(partition));
  if (whole && !needed(settings, server.superuser, mode, table, family)) return [];
  const many = found.partitions.length;
  const lost = found.grants.length === 0 ? '' : `; takes away ${found.grants.join('; ')}`;
  const summary = `guard ${family.length === 0 ? 'it' : 'it anew'}${many === 0 ? '' : ` and its ${many} partitions`}: update, delete and truncate are refused${lost}`;
  const owner = server.superuser ? settings.owner : null;
  return [
    step('table', name, summary, registrationScript(settings, table, owner, found.partitions.length === 0 && found.kind === 'r')),
  ];
}

/** A foreign key that came after the guards. That the owner may update one column opens nothing: the row guard refuses. */
function keySteps({ name, holder, unchecked }: RegisteredFacts): Step[] {
  if (unchecked === null) return [];
  return [step('key', name, `let ${holder} check foreign keys: ${unchecked.keys.join(', ')}`, unchecked.grant)];
}

function needed(
  settings: ImmutabilitySettings,
  superuser: boolean,
  mode: PlanMode,
  table: ProtectedTable,
  family: readonly RegisteredFacts[],
): boolean {
  const root = family.find(({ name, root: of }) => name === of);
  if (root === undefined) return true;
  const changed = family.some((relation) => Object.keys(relation.changed).length > 0);
  const accepted = mode.accept.includes(`${table.schema}.${table.name}`);
  // Guarding anew accepts the shape as it is: not before a person has said so.
  if (changed) return accepted;
  if (mode.repair && family.some(({ problems }) => problems.length > 0)) return true;
  const same =
    root.runbook === settings.runbook &&
    String(root.generated) === String(table.generated) &&
    String(root.accept) === String(table.accept) &&
    (!superuser || root.owner === settings.owner);
  return !same;
}

/** Functions that act with more rights than their callers: who owns them, who may call them. */
function governedSteps(settings: ImmutabilitySettings, { server }: GuardFacts, mode: PlanMode): Step[] {
  const acting = settings.tables.length === 0 ? [] : GUARD_FUNCTIONS.filter(({ owner }) => owner === 'tables');
  const owners = server.superuser ? acting.flatMap((one) => ownerSteps(one, settings.owner, server, mode)) : [];
  return [...owners, ...grantSteps(settings, server)];
}

/** One that belongs to somebody else than dbctl left it to is drift. */
function ownerSteps(one: DatabaseFunction, owner: string, { functionOwners }: ServerFacts, { repair }: PlanMode): Step[] {
  const now = functionOwners[one.name] ?? GUARD;
  if (now === owner || (now !== GUARD && !repair)) return [];
  const sql = `${SELF_PERMIT}\nalter function ${signatureOf(one)} owner to ${ident(owner)}`;
  return [step('function', `dbctl.${one.name}`, `let it act as ${owner}, the owner of the tables`, sql)];
}

/** The role guard functions belong to when they are created. */
const GUARD = 'dbctl_guard';

/** Guards come with the tables, roles after both: `roles apply` grants these what they may call, where roles.yaml has them. */
function absentRoles(settings: ImmutabilitySettings, { server }: GuardFacts): readonly string[] {
  const wanted = new Set(Object.values(executorsOf(settings)).flat());
  return [...wanted].filter((name) => name !== settings.owner && !server.callers.includes(name)).toSorted();
}

function grantSteps(settings: ImmutabilitySettings, { executors, superuser, callers }: ServerFacts): Step[] {
  const wanted = Object.entries(executorsOf(settings)).flatMap(([name, roles]) => roles.map((role) => ({ name, role })));
  return wanted.flatMap(({ name, role }) => {
    const one = GUARD_FUNCTIONS.find((other) => other.name === name);
    // Without a superuser there is no owner of the tables to act as, and a function that is its owner's needs no grant to it.
    const own = role === settings.owner && (!superuser || settings.tables.length === 0 || one?.owner === 'tables');
    // The owner of the tables is made by an earlier step.
    const absent = role !== settings.owner && !callers.includes(role);
    if (one === undefined || own || absent || executors.includes(`${name} ${role}`)) return [];
    const sql = `grant execute on function ${signatureOf(one)} to ${ident(role)}`;
    return [step('grant', `dbctl.${name}`, `let ${role} call it`, sql)];
  });
}

function eventTriggerSteps({ server }: GuardFacts, { repair }: PlanMode): Step[] {
  if (!server.superuser) return [];
  const drifted = server.eventTriggers.length > 0;
  if (drifted && !repair) return [];
  return EVENT_TRIGGERS.flatMap(({ name, event, tags, runs }): Step[] => {
    const found = server.eventTriggers.find((trigger) => trigger.name === name);
    if (found?.runs === runs && found.enabled === 'A') return [];
    const filter = tags.length === 0 ? '' : `\n  when tag in (${tags.map(literal).join(', ')})`;
    const drop = found === undefined ? '' : `drop event trigger ${ident(name)};\n`;
    const sql = `${drop}create event trigger ${ident(name)} on ${event}${filter}\n  execute function dbctl.${runs}();\nalter event trigger ${ident(name)} enable always`;
    return [step('event-trigger', name, `watch ${event}`, sql)];
  });
}

/** Lets the transaction change objects of schema dbctl itself. */
const SELF_PERMIT = `insert into dbctl.permit (relation, purpose, reason) values (null, 'upgrade', 'dbctl immutability install');`;
