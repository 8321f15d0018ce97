import { ident } from '../../db/ident.ts';
import type { CatalogueFact } from '../backup/catalogue.ts';
import type { PartsPlan } from './selection.ts';
import { OF_ANYTHING, OF_SEQUENCES, OF_TABLES, TABLES, nameOf, type LeftOut } from './toc-graph.ts';
import type { TocEntry } from './toc.ts';

/** Something the chosen tables need that is no part of them. */
export interface Need {
  /** `type kinds.mood`. */
  readonly object: string;
  /** It is there already, the same: it is left as it is. */
  readonly isThere: boolean;
}

/** What is restored where, once it is known what the database has. */
export interface SettledParts {
  /** In the order of the dump. */
  readonly entries: readonly TocEntry[];
  readonly tables: readonly string[];
  /** Tables that come without rows. */
  readonly empty: readonly string[];
  readonly needs: readonly Need[];
  readonly leftOut: readonly (LeftOut & { readonly fix: string | null })[];
  /** What refers to the chosen tables and does not come, one sentence each. */
  readonly dependents: readonly Pick<LeftOut, 'object' | 'reason'>[];
  /** Why it must not begin, one sentence each. */
  readonly problems: readonly string[];
}

const RELATIONS = new Set(['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE']);
const ROUTINES = new Set(['FUNCTION', 'PROCEDURE', 'AGGREGATE']);
/** What is said of an object where the object itself is not meant. */
const ATTACHED = new Set(
  [
    ...OF_TABLES,
    ...OF_ANYTHING,
    ...OF_SEQUENCES,
    'DEFAULT ACL',
    'MATERIALIZED VIEW DATA',
    'PUBLICATION TABLE',
    'PUBLICATION TABLES IN SCHEMA',
  ].filter((kind) => kind !== 'SEQUENCE'),
);

/**
 * Looks at a plan beside what the database has: a chosen table must not be there, and what it needs is made, or has to be the same. Pure.
 */
export function settleParts(
  toc: readonly TocEntry[],
  plan: PartsPlan,
  was: readonly CatalogueFact[],
  is: readonly CatalogueFact[],
): SettledParts {
  const standing = plan.entries.filter(({ kind }) => !ATTACHED.has(kind));
  const wanted = new Set(plan.tables);
  const there = standing.filter((entry) => definition(entry, is).length > 0);
  const clashes = there.filter((entry) => isOwn(entry, wanted, was));
  const needed = standing.filter((entry) => !isOwn(entry, wanted, was));
  const skipped = there.filter((entry) => !clashes.includes(entry));
  const others = skipped.filter((entry) => String(definition(entry, was)) !== String(definition(entry, is)));
  const entries = without(plan.entries, skipped);
  return {
    entries,
    tables: plan.tables,
    empty: plan.empty.filter((table) => !skipped.some((entry) => nameOf(entry) === table)),
    needs: needed.map((entry) => ({ object: titleOf(entry), isThere: skipped.includes(entry) })),
    leftOut: [...plan.leftOut, ...fromParents(plan, was)].map((one) => ({ ...one, fix: fixOf(one, was) })),
    dependents: dependents(toc, plan, was),
    problems: [
      ...clashes.map((entry) => `${titleOf(entry)} is there, and nothing that is there is overwritten`),
      ...others.map((entry) => `${titleOf(entry)} is there, and is another one than in the backup`),
    ],
  };
}

/** What the catalogue says of the object an entry makes; empty: it is not there. */
function definition(entry: TocEntry, facts: readonly CatalogueFact[]): string[] {
  const name = nameOf(entry);
  const said = (test: (fact: CatalogueFact) => boolean) =>
    facts.filter(test).map((fact) => `${fact.kind} ${fact.object} ${fact.said}`);
  if (ROUTINES.has(entry.kind)) return said(({ kind, object }) => kind === 'functions' && object === name);
  if (entry.kind === 'TYPE' || entry.kind === 'DOMAIN') {
    const itself = said(({ kind, object }) => kind === 'types' && object === name);
    const parts = ({ kind, object, relation }: CatalogueFact) =>
      (kind === 'columns' && relation === name) || (kind === 'constraints' && object.startsWith(`type ${name}.`));
    return itself.length === 0 ? [] : [...itself, ...said(parts)];
  }
  // Of these it counts that they are there: whom a schema belongs to is the business of the database.
  if (entry.kind === 'SCHEMA') return said(({ kind, object }) => kind === 'owner' && object === `schema ${name}`).map(() => name);
  if (entry.kind === 'EXTENSION') return said(({ kind, object }) => kind === 'extensions' && object === name).map(() => name);
  if (RELATIONS.has(entry.kind)) {
    const itself = facts.some(({ kind, object }) => kind === 'owner' && object === name);
    return itself ? said(({ kind, relation }) => relation === name && kind === 'columns').concat(name) : [];
  }
  return said(({ kind, object }) => kind === 'others' && object === `${entry.kind.toLowerCase()} ${name}`);
}

/** Whether it is what was asked for, and not what that needs: it must not be there then. */
function isOwn(entry: TocEntry, wanted: ReadonlySet<string>, was: readonly CatalogueFact[]): boolean {
  if (TABLES.has(entry.kind)) return wanted.has(nameOf(entry));
  if (entry.kind !== 'SEQUENCE') return entry.kind.endsWith('VIEW');
  const owner = was.find(({ kind, object }) => kind === 'sequence definitions' && object === nameOf(entry))?.relation ?? null;
  return owner !== null && wanted.has(owner);
}

/** With an object goes what is said of it: comments, grants, indexes, where it is all of what they need. */
function without(entries: readonly TocEntry[], skipped: readonly TocEntry[]): TocEntry[] {
  const gone = new Set(skipped.map(({ id }) => id));
  const tables = skipped.filter(({ kind }) => TABLES.has(kind)).map(nameOf);
  const standing = new Set(entries.filter(({ kind }) => !ATTACHED.has(kind)).map(({ id }) => id));
  return entries.filter((entry) => {
    if (gone.has(entry.id)) return false;
    if (!ATTACHED.has(entry.kind)) return true;
    if (OF_TABLES.has(entry.kind) && tables.some((table) => `${nameOf(entry)} `.startsWith(`${table} `))) return false;
    const stands = entry.needs.filter((id) => standing.has(id));
    return stands.length === 0 || stands.some((id) => !gone.has(id));
  });
}

/** A partition by itself lacks the triggers and foreign keys of its parent, of which a dump has no line. */
function fromParents({ leftOut, entries }: PartsPlan, was: readonly CatalogueFact[]): LeftOut[] {
  const lines = new Set(entries.map((entry) => nameOf(entry)));
  return leftOut
    .filter(({ kind }) => kind === 'table attach')
    .flatMap(({ object: table }) =>
      was
        .filter(
          ({ kind, relation, said }) =>
            relation === table && (kind === 'triggers' || (kind === 'constraints' && isForeignKey(said))),
        )
        .filter(({ object }) => !lines.has(`${table} ${object.slice(table.length + 1)}`))
        .map(({ kind, object }) => ({ kind, object, relation: table, reason: 'it is of the table it was a partition of' })),
    );
}

const isForeignKey = (said: string): boolean => said.startsWith('FOREIGN KEY');

/** The statement that adds a foreign key later, when the table it leads to is there. */
function fixOf({ kind, object, relation }: LeftOut, was: readonly CatalogueFact[]): string | null {
  const fact = was.find((one) => one.kind === 'constraints' && one.object === object);
  if (kind !== 'fk constraint' || fact === undefined || relation === null) return null;
  const dot = relation.indexOf('.');
  const table = `${ident(relation.slice(0, dot))}.${ident(relation.slice(dot + 1))}`;
  return `alter table ${table} add constraint ${ident(object.slice(relation.length + 1))} ${fact.said};`;
}

/** Foreign keys and views of others: they went with the table when it was dropped with cascade, and nobody else says so. */
function dependents(
  toc: readonly TocEntry[],
  plan: PartsPlan,
  was: readonly CatalogueFact[],
): Pick<LeftOut, 'object' | 'reason'>[] {
  const included = new Set(plan.entries.map(({ id }) => id));
  const tables = new Map(plan.entries.filter(({ kind }) => TABLES.has(kind)).map((entry) => [entry.id, entry]));
  const views = toc
    .filter(({ id, kind, needs }) => kind.endsWith('VIEW') && !included.has(id) && needs.some((need) => tables.has(need)))
    .map((entry) => ({ object: nameOf(entry), reason: `it is a view on ${needsOf(entry, tables)}` }));
  const keys = was
    .filter(({ kind, relation, said }) => kind === 'constraints' && isForeignKey(said) && !plan.tables.includes(relation ?? ''))
    .flatMap(({ object, said }) => {
      const to = [...tables.values()].find((entry) => written(entry).some((name) => said.includes(` REFERENCES ${name}(`)));
      return to === undefined ? [] : [{ object, reason: `it is a foreign key to ${nameOf(to)}` }];
    });
  return [...views, ...keys];
}

const needsOf = ({ needs }: TocEntry, tables: ReadonlyMap<number, TocEntry>): string =>
  [...new Set(needs.flatMap((id) => tables.get(id) ?? []).map(nameOf))].join(', ');

/** A name as the server may write it: with quotes where it has to. */
function written({ schema, name }: TocEntry): string[] {
  return [schema, ident(schema)].flatMap((first) => [name, ident(name)].map((second) => `${first}.${second}`));
}

const titleOf = (entry: TocEntry): string => `${entry.kind.toLowerCase()} ${nameOf(entry)}`;
