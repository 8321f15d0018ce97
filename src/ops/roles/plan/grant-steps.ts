import { step, type Step } from '../../../core/step.ts';
import { ident } from '../../../db/ident.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import type { Difference } from '../difference/model.ts';
import { alterTarget, columnsText, granteeText, grantTarget, privilegeList, tableNames, words } from './target.ts';

/** Objects that get their owner. Schemas are made by migrations: one that is there already stops the migration that makes it. */
export function ownerSteps(differences: readonly Difference[]): Step[] {
  return differences.flatMap((one): Step[] => {
    if (one.kind !== 'owner') return [];
    const target = alterTarget(one.object);
    return [
      step('owner', target, `${target} goes from ${one.is} to ${one.wanted}`, `alter ${target} owner to ${ident(one.wanted)}`),
    ];
  });
}

/** Privileges that are missing; the columns of one table and one role in one statement. */
export function grantSteps(differences: readonly Difference[], catalog: RoleCatalog): Step[] {
  const tableOf = tableNames(catalog);
  const grants = new Map<string, { target: string; grantee: string; privileges: string[]; because: Set<string> }>();
  for (const one of differences) {
    if (one.kind !== 'grant-missing') continue;
    const target = grantTarget(one.object, tableOf);
    const key = `${target}\0${one.grantee}`;
    const grant = grants.get(key) ?? { target, grantee: one.grantee, privileges: [], because: new Set<string>() };
    grant.privileges.push(privilegeList(one.mask, one.object, catalog.serverVersion));
    grant.because.add(one.because);
    grants.set(key, grant);
  }
  return [...grants.values()].map(({ target, grantee, privileges, because }) => {
    const list = columnsText(privileges);
    const sql = `grant ${list} on ${target} to ${granteeText(grantee)}`;
    return step('grant', target, `${grantee} gets ${list} on ${target} (${[...because].join(', ')})`, sql);
  });
}

/** What new objects will be granted, and no longer granted. */
export function defaultSteps(differences: readonly Difference[], serverVersion: number): { grants: Step[]; revokes: Step[] } {
  const grants: Step[] = [];
  const revokes: Step[] = [];
  for (const one of differences) {
    if (one.kind !== 'default-missing' && one.kind !== 'default-excess') continue;
    const { schema, list, head, kinds } = defaultWords(one, serverVersion);
    const what = `${list} on new ${kinds} of ${one.creator}${schema}`;
    if (one.kind === 'default-missing')
      grants.push(
        step(
          'default privileges',
          one.creator,
          `${one.grantee} will get ${what} (${one.because})`,
          `${head} grant ${list} on ${kinds} to ${granteeText(one.grantee)}`,
        ),
      );
    else if (one.managed)
      revokes.push(
        step(
          'default privileges',
          one.creator,
          `${one.grantee} will no longer get ${one.option ? 'the right to grant ' : ''}${what}`,
          defaultRevoke(one, serverVersion),
        ),
      );
  }
  return { grants, revokes };
}

type DefaultExcess = Extract<Difference, { kind: 'default-excess' }>;

/** The statement that ends it; for roles the file does not name it is left to a person. */
export function defaultRevoke(one: DefaultExcess, serverVersion: number): string {
  const { list, head, kinds } = defaultWords(one, serverVersion);
  return `${head} revoke ${one.option ? 'grant option for ' : ''}${list} on ${kinds} from ${granteeText(one.grantee)}`;
}

function defaultWords(one: DefaultExcess | Extract<Difference, { kind: 'default-missing' }>, serverVersion: number) {
  const schema = one.schema === null ? '' : ` in schema ${ident(one.schema)}`;
  const list = words(one.mask, one.of, serverVersion);
  return { schema, list, head: `alter default privileges for role ${ident(one.creator)}${schema}`, kinds: `${one.of}s` };
}

/** Row-level security that is switched as the file wants it; policies are a migration's. */
export function rowSecuritySteps(differences: readonly Difference[]): Step[] {
  return differences.flatMap((one) =>
    one.kind === 'row-security' && one.fix !== null
      ? [step('row security', one.table, `${one.table}: ${one.problem}`, one.fix)]
      : [],
  );
}
