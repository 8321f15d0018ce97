import { pathText } from '../audit/reached-by.ts';
import { graphOf } from '../catalog/graph.ts';
import type { Role, RoleCatalog, SecuredObject } from '../catalog/model.ts';
import { PUBLIC_NAME } from '../desired/model.ts';
import { roleNames } from '../difference/inputs.ts';
import { PUBLIC, type AclEntry } from '../rights/acl.ts';
import { allRights } from '../rights/kinds.ts';
import { predefinedMask } from '../rights/predefined.ts';
import type { Mask } from '../rights/privilege.ts';
import { LEVELS, reach, type Level, type Reach, type Reached } from '../rights/reach.ts';

/** One way in which a role has, or can come to have, a privilege. */
export interface Way {
  readonly level: Level;
  readonly by: 'grant' | 'PUBLIC' | 'ownership' | 'superuser' | 'predefined role';
  /** Whose right it is: the grantee, the owner, the superuser. */
  readonly holder: string;
  /** Who granted it; null where nobody had to. */
  readonly grantor: string | null;
  /** `web_app_1 inherits web_app`; the name of the role alone where it is its own. */
  readonly path: string;
  /** True: the holder may grant it on. */
  readonly grantable: boolean;
}

/** Finds the ways of one role to privileges of one object after another. */
export interface Ways {
  readonly reach: Reach;
  /** All ways to one privilege, the nearest first. `bit` is one of those its kind has. */
  to(object: SecuredObject, bit: Mask): Way[];
}

/** Works out once where the role leads. */
export function waysOf(role: Role, catalog: RoleCatalog): Ways {
  const names = roleNames(catalog);
  const byId = new Map(catalog.roles.map((each) => [each.id, each]));
  const reached = reach(role.id, graphOf(catalog));
  const pathOf = ({ path }: Reached): string => pathText(role.name, path, names.of);
  const superusers = [...reached.becomes.values()].filter((one) => byId.get(one.role)?.superuser === true);
  const to = (object: SecuredObject, bit: Mask): Way[] => {
    const has = (one: Reached, by: Way['by'], grantor: string | null, grantable: boolean, level = one.level): Way => ({
      level,
      by,
      holder: names.of(one.role),
      grantor,
      path: pathOf(one),
      grantable,
    });
    const entries = entriesOf(object, catalog).filter(({ privileges }) => (privileges & bit) !== 0);
    const own = [...reached.has.values()].flatMap((one) => {
      const granted = entries
        .filter(({ grantee }) => grantee === one.role)
        .map((entry) =>
          has(one, one.role === object.owner ? 'ownership' : 'grant', names.of(entry.grantor), (entry.grantable & bit) !== 0),
        );
      const predefined = predefinedMask(names.of(one.role), object) & bit ? [has(one, 'predefined role', null, false)] : [];
      // An owner that revoked its own right has it again as soon as it says so.
      const again =
        one.role === object.owner && granted.length === 0 ? [has(one, 'ownership', null, true, 'after granting itself')] : [];
      return [...granted, ...predefined, ...again];
    });
    const everybody = entries
      .filter(({ grantee }) => grantee === PUBLIC)
      .map(({ grantor }): Way => ({
        level: 'now',
        by: 'PUBLIC',
        holder: PUBLIC_NAME,
        grantor: names.of(grantor),
        path: role.name,
        grantable: false,
      }));
    return [...superusers.map((one) => has(one, 'superuser', null, true)), ...own, ...everybody].toSorted(
      (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level),
    );
  };
  return { reach: reached, to };
}

/** A column has what its table has; what a kind has not, no entry gives. */
function entriesOf(object: SecuredObject, { objects, serverVersion }: RoleCatalog): readonly AclEntry[] {
  if (object.kind !== 'column') return object.acl;
  const table = objects.find(({ kind, id }) => kind === 'table' && id === object.id);
  const all = allRights('column', serverVersion);
  return [...object.acl, ...(table?.acl ?? []).map((entry) => ({ ...entry, privileges: entry.privileges & all }))];
}

/** The way in words: `web_app_1 inherits web_app, to which lab_owner granted it`. */
export function wayText({ by, path, holder, grantor, level, grantable }: Way, role: string): string {
  const chain = path === role ? '' : `${path}: `;
  switch (by) {
    case 'superuser':
      return `${chain}${holder} is superuser`;
    case 'predefined role':
      return `${chain}${holder} has it in the server's own code, and no entry says so`;
    case 'PUBLIC':
      return `${grantor} granted it to PUBLIC, that is everybody`;
    case 'ownership':
      return level === 'after granting itself' && grantor === null
        ? `${chain}${holder} owns it, took the right from itself, and may grant it again`
        : `${chain}${holder} owns it`;
    case 'grant':
      return `${chain}${grantor} granted it to ${holder}${grantable ? ', to be granted on' : ''}`;
  }
}
