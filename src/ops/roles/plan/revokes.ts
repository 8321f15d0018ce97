import { ident } from '../../../db/ident.ts';
import { step, type Step } from '../../../core/step.ts';
import type { RoleCatalog } from '../catalog/model.ts';
import type { Difference } from '../difference/model.ts';
import { roleNames } from '../difference/inputs.ts';
import { granteeText, grantTarget, privilegeList, tableNames } from './target.ts';

type Revoked = Extract<Difference, { kind: 'grant-excess' | 'grant-option' }>;

/**
 * The REVOKE of an entry, by whoever granted it: a superuser's revoke is the owner's and leaves what others passed on as it is, without a
 * word (measured on 18.2). What was passed on goes before what it was passed on from, so that nothing has to cascade.
 */
export function revokeSteps(differences: readonly Difference[], catalog: RoleCatalog): Step[] {
  const names = roleNames(catalog);
  const tableOf = tableNames(catalog);
  const revoked = differences.filter(
    (one): one is Revoked => (one.kind === 'grant-excess' || one.kind === 'grant-option') && one.managed,
  );
  return revoked
    .map((one) => ({ one, depth: depthOf(one, names.of) }))
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ one, depth }) => {
      const { object, grantee, grantor, mask } = one;
      const privileges = privilegeList(mask, object, catalog.serverVersion);
      const target = grantTarget(object, tableOf);
      const option = one.kind === 'grant-option' ? 'grant option for ' : '';
      const sql = `revoke ${option}${privileges} on ${target} from ${granteeText(grantee)}`;
      const by = depth === 0 ? '' : `, which ${grantor} granted`;
      return step(
        'revoke',
        target,
        `take ${option === '' ? '' : 'the right to grant '}${privileges} on ${target} from ${grantee}${by}`,
        depth === 0 ? sql : `set local role ${ident(grantor)};\n${sql};\nreset role`,
      );
    });
}

/** How many hands the right went through: 0 where the owner granted it. */
function depthOf({ object, grantor }: Revoked, nameOf: (id: number) => string): number {
  const seen = new Set<string>();
  let depth = 0;
  let by = grantor;
  while (by !== nameOf(object.owner) && !seen.has(by)) {
    seen.add(by);
    depth += 1;
    const entry = object.acl.find(({ grantee, grantable }) => nameOf(grantee) === by && grantable !== 0);
    if (entry === undefined) break;
    by = nameOf(entry.grantor);
  }
  return depth;
}
