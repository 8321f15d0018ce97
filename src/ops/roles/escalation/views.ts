import { ident } from '../../../db/ident.ts';
import type { SecuredObject } from '../catalog/model.ts';
import { maskOf } from '../rights/privilege.ts';
import type { ViewDetail } from './details.ts';
import type { Evidence, Facts, Grant, Rule } from './model.ts';

/** Views that show what their readers were not to see. */
export const VIEW_RULES: readonly Rule[] = [
  {
    id: 'view-over-row-security',
    paths: [16],
    severity: 'high',
    title: 'a view with the rights of its owner over a table with policies',
    why: 'both tenants were visible through it; with security_invoker one was',
    judge: (facts) =>
      readViews(facts).flatMap(({ view, object, readers }): Evidence[] => {
        const passed = basesOf(facts, view).filter((base) => passesPolicies(facts, object.owner, base));
        if (view.invoker || passed.length === 0) return [];
        const names = passed.map(({ name }) => name).join(', ');
        const isPicture = object.what === 'materialized view';
        return [
          {
            object: object.name,
            role: facts.names.of(object.owner),
            message: isPicture
              ? `it holds rows of ${names} as ${facts.names.of(object.owner)} saw them, past the policies`
              : `it reads ${names} as ${facts.names.of(object.owner)}, for whom the policies do not hold`,
            fix: isPicture ? revokeReaders(facts, object, readers) : `alter view ${object.name} set (security_invoker = true);`,
            ways: readers.flatMap(({ ways }) => ways),
            detail: { tables: passed.map(({ name }) => name) },
          },
        ];
      }),
  },
  {
    id: 'view-as-filter',
    paths: [17],
    severity: 'medium',
    title: 'a view that hides rows, without security_barrier',
    why: 'a function that costs nothing was run on the hidden row before the WHERE of the view, and printed it',
    judge: (facts) =>
      readViews(facts).flatMap(({ view, object, readers }): Evidence[] => {
        if (view.barrier || view.invoker || !view.filters || object.what !== 'view') return [];
        const hidden = view.bases.map((id) => facts.relations.get(id)).filter((base) => base !== undefined);
        // Who reads the table anyway has nothing hidden from it.
        const kept = readers.filter(({ entry }) => hidden.some((base) => !mayRead(facts, entry.grantee, base)));
        if (hidden.length === 0 || kept.length === 0) return [];
        return [
          {
            object: object.name,
            role: facts.names.of(kept[0]?.entry.grantee ?? object.owner),
            message: 'a function of the reader can see the rows of its tables that its WHERE leaves out',
            fix: `alter view ${object.name} set (security_barrier = true);`,
            ways: kept.flatMap(({ ways }) => ways),
          },
        ];
      }),
  },
];

interface ReadView {
  readonly view: ViewDetail;
  readonly object: SecuredObject;
  readonly readers: readonly Grant[];
}

const SELECT = maskOf('SELECT');

/** The views that a login other than by their owner may read; those of extensions are as they came. */
function readViews({ details, relations, grants }: Facts): ReadView[] {
  const views = new Map(details.views.map((view) => [view.id, view]));
  const readers = new Map<number, Grant[]>();
  for (const grant of grants) {
    const { object, entry } = grant;
    if ((object.kind !== 'table' && object.kind !== 'column') || (entry.privileges & SELECT) === 0) continue;
    if (views.has(object.id)) readers.set(object.id, [...(readers.get(object.id) ?? []), grant]);
  }
  return [...readers].flatMap(([id, found]): ReadView[] => {
    const [view, object] = [views.get(id), relations.get(id)];
    return view === undefined || object === undefined || object.extension !== null ? [] : [{ view, object, readers: found }];
  });
}

/** The relations a view reads with its owner's rights: those of views with security_invoker that it reads are its own. */
function basesOf(facts: Facts, view: ViewDetail, seen: ReadonlySet<number> = new Set()): SecuredObject[] {
  return view.bases.flatMap((id) => {
    const base = facts.relations.get(id);
    if (base === undefined || seen.has(id)) return [];
    const inner = facts.details.views.find((one) => one.id === id);
    const behind = inner?.invoker === true ? basesOf(facts, inner, new Set([...seen, id])) : [];
    return [base, ...behind];
  });
}

/** Policies do not hold for superusers, BYPASSRLS, and the owner of the table unless they are forced. */
function passesPolicies({ catalog, reaches }: Facts, reader: number, table: SecuredObject): boolean {
  const state = catalog.rowSecurity.find(({ relation, enabled }) => relation === table.id && enabled);
  if (state === undefined) return false;
  const role = catalog.roles.find(({ id }) => id === reader);
  if (role?.superuser === true || role?.bypassRls === true) return true;
  const owns = reader === table.owner || reaches.get(reader)?.has.get(table.owner)?.level === 'now';
  return owns && !state.forced;
}

/** Whether a role was granted SELECT on the table itself, or its heirs were. */
function mayRead({ grants }: Facts, reader: number, { id, owner }: SecuredObject): boolean {
  return (
    reader === owner ||
    grants.some(
      ({ object, entry }) =>
        object.kind === 'table' && object.id === id && entry.grantee === reader && (entry.privileges & SELECT) !== 0,
    )
  );
}

function revokeReaders(facts: Facts, view: SecuredObject, readers: readonly Grant[]): string {
  return readers.map(({ object, entry }) => revokeSelect(facts, view, object, entry.grantee)).join('\n');
}

function revokeSelect({ names }: Facts, view: SecuredObject, object: SecuredObject, grantee: number): string {
  const column = object.kind === 'column' ? ` (${object.name})` : '';
  return `revoke select${column} on table ${view.name} from ${grantee === 0 ? 'public' : ident(names.of(grantee))};`;
}
