import { ident, literal } from '../../db/ident.ts';
import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { DatabaseFacts } from '../backup/catalogue.ts';

/** A statement, and what may be told of it: values of settings may be secrets. */
export interface DatabaseStep {
  readonly summary: string;
  readonly sql: string;
  /** What later sessions will have; absent: it is no setting. */
  readonly setting?: { readonly name: string; readonly value: string };
}

/** Settings whose value is a list of names, each quoted by itself (guc_tables, GUC_LIST_QUOTE). */
const LISTS = new Set(['search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries']);

/**
 * What makes a database like the one backed up: its owner, grants, limit, comment and settings, none of which a dump holds. Only what differs.
 * Pure.
 */
export function databaseSteps(database: string, was: DatabaseFacts, is: DatabaseFacts): DatabaseStep[] {
  const name = ident(database);
  const role = (one: string | null) => (one === null ? 'public' : ident(one));
  const steps: DatabaseStep[] = [];
  if (was.owner !== is.owner)
    steps.push({ summary: `owner ${was.owner}`, sql: `alter database ${name} owner to ${ident(was.owner)}` });
  if (was.owner !== is.owner || !same(was.grants, is.grants)) {
    const gone = [...new Set([...is.grants.map((grant) => grant.role), was.owner])];
    // A new owner takes the grants of the old one with it: from nothing is the way that always ends the same.
    const sql = [
      ...gone.map((one) => `revoke all on database ${name} from ${role(one)}`),
      ...was.grants.map(
        (grant) =>
          `grant ${grant.privilege} on database ${name} to ${role(grant.role)}${grant.grantable ? ' with grant option' : ''}`,
      ),
    ];
    steps.push({ summary: 'grants', sql: sql.join('; ') });
  }
  if (was.connectionLimit !== is.connectionLimit) {
    steps.push({
      summary: `connection limit ${was.connectionLimit}`,
      sql: `alter database ${name} connection limit ${was.connectionLimit}`,
    });
  }
  if (was.comment !== is.comment) {
    const text = was.comment === null ? 'null' : literal(was.comment);
    steps.push({ summary: 'comment', sql: `comment on database ${name} is ${text}` });
  }
  const there = new Set(is.settings.map((setting) => JSON.stringify(setting)));
  for (const setting of was.settings) {
    if (there.has(JSON.stringify(setting))) continue;
    const whom = setting.role === null ? `alter database ${name}` : `alter role ${ident(setting.role)} in database ${name}`;
    const summary = setting.role === null ? setting.name : `${setting.name} of ${setting.role}`;
    const sql = `${whom} set ${settingName(setting.name)} to ${settingValue(setting.name, setting.value)}`;
    steps.push({ summary, sql, setting });
  }
  return steps;
}

/** A setting of an application has a dot in its name: each side of it is a name of its own. */
const settingName = (name: string): string => name.split('.').map(ident).join('.');

/** The catalogue keeps a list as it was quoted: `"$user", public`. As one text it would be one name. */
function settingValue(name: string, value: string): string {
  if (!LISTS.has(name.toLowerCase())) return literal(value);
  const names = [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)]
    .map(([all, quoted, plain]) => (all === '' ? undefined : (quoted?.replaceAll('""', '"') ?? plain?.trim())))
    .filter((one) => one !== undefined);
  return names.length === 0 ? `''` : names.map(literal).join(', ');
}

/** Does each; what the server refuses is returned, one sentence each, and does not keep the others from being done. */
export async function applyDatabaseSteps(session: Session, steps: readonly DatabaseStep[]): Promise<string[]> {
  const refused: string[] = [];
  for (const { summary, sql } of steps) {
    try {
      await session.script(sql);
    } catch (thrown) {
      if (!(thrown instanceof DbctlError) || (thrown.code !== 'db.denied' && thrown.code !== 'sql.failed')) throw thrown;
      refused.push(`${summary}: ${thrown.message}`);
    }
  }
  return refused;
}

/** One sentence for each thing that is other than in the backup; values of settings are never told. */
export function databaseDifferences(was: DatabaseFacts, is: DatabaseFacts): string[] {
  const settings = (facts: DatabaseFacts) =>
    new Map(facts.settings.map(({ role, name, value }) => [`${name}${role === null ? '' : ` of ${role}`}`, value]));
  const [before, after] = [settings(was), settings(is)];
  return [
    ...(was.owner === is.owner ? [] : [`the database belongs to ${is.owner} instead of ${was.owner}`]),
    ...(same(was.grants, is.grants) ? [] : [`who may use the database: ${grantsText(is)} instead of ${grantsText(was)}`]),
    ...(was.connectionLimit === is.connectionLimit
      ? []
      : [`its connection limit is ${is.connectionLimit} instead of ${was.connectionLimit}`]),
    ...(was.comment === is.comment ? [] : ['its comment is another one']),
    ...[...before].flatMap(([name, value]) => {
      if (!after.has(name)) return [`its setting ${name} is missing`];
      return after.get(name) === value ? [] : [`its setting ${name} has another value`];
    }),
    ...[...after.keys()].flatMap((name) => (before.has(name) ? [] : [`its setting ${name} is more than was backed up`])),
  ];
}

const grantsText = ({ grants }: DatabaseFacts): string => {
  const roles = [...new Set(grants.map(({ role }) => role ?? 'public'))];
  return roles
    .map(
      (name) =>
        `${name} ${grants
          .filter(({ role }) => (role ?? 'public') === name)
          .map(({ privilege }) => privilege)
          .join('/')}`,
    )
    .join(', ');
};

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
