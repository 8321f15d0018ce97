import type { CatalogueFact } from '../backup/catalogue.ts';

/** One thing a restored database was compared in. */
export interface CheckedPart {
  /** `rows`, `triggers`, … */
  readonly name: string;
  /** One sentence each, none: equal; null: could not be compared. */
  readonly differences: readonly string[] | null;
  /** What is to be said where it is equal, with figures; or why it could not be compared. */
  readonly said: string;
}

interface Part {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly said: (facts: readonly CatalogueFact[]) => string;
}

const count = (facts: readonly CatalogueFact[], form: RegExp): number => facts.filter(({ said }) => form.test(said)).length;
const some = (number: number, what: string): string => (number === 0 ? '' : `, ${number} ${what}`);
const ofKind = (facts: readonly CatalogueFact[], wanted: string): number => facts.filter(({ kind }) => kind === wanted).length;

/** What a person asks after first, by name; what is left over is compared as well, as definitions. */
const PARTS: readonly Part[] = [
  { name: 'owners', kinds: ['owner'], said: (facts) => `of ${facts.length} objects` },
  { name: 'grants', kinds: ['grants'], said: (facts) => `on ${facts.length} objects` },
  {
    name: 'constraints',
    kinds: ['constraints'],
    said: (facts) => {
      const open = count(facts, /NOT VALID$/);
      return `${facts.length}, ${open === 0 ? 'all validated' : `${open} not validated, as in the backup`}`;
    },
  },
  {
    name: 'row security',
    kinds: ['row security', 'policies'],
    said: (facts) => `tables under it: ${ofKind(facts, 'row security')}, policies: ${ofKind(facts, 'policies')}`,
  },
  {
    name: 'triggers',
    kinds: ['triggers'],
    said: (facts) => `${facts.length}${some(count(facts, /^ALWAYS/), 'ALWAYS')}${some(count(facts, /^disabled/), 'disabled')}`,
  },
  {
    name: 'event triggers',
    kinds: ['event triggers'],
    said: (facts) => `${facts.length}${some(count(facts, /^ALWAYS/), 'ALWAYS')}`,
  },
];

const NAMED = new Set(PARTS.flatMap(({ kinds }) => kinds));

/** What the catalogues of a restored database say, against those of the backup: a part each, in words. Pure. */
export function catalogueParts(was: readonly CatalogueFact[], is: readonly CatalogueFact[]): CheckedPart[] {
  const of = (facts: readonly CatalogueFact[], kinds: (kind: string) => boolean) => facts.filter(({ kind }) => kinds(kind));
  const part = (name: string, kinds: (kind: string) => boolean, said: Part['said']): CheckedPart => ({
    name,
    differences: factDifferences(of(was, kinds), of(is, kinds)),
    said: said(of(was, kinds)),
  });
  return [
    ...PARTS.map(({ name, kinds, said }) => part(name, (kind) => kinds.includes(kind), said)),
    part(
      'definitions',
      (kind) => !NAMED.has(kind),
      (facts) => `${facts.length} facts of columns, indexes, views, functions, types and others`,
    ),
  ];
}

/** One sentence for each fact that is missing, other or more; none where they are equal. */
export function factDifferences(was: readonly CatalogueFact[], is: readonly CatalogueFact[]): string[] {
  const [before, after] = [byObject(was), byObject(is)];
  return [
    ...[...before].flatMap(([key, fact]) => {
      const now = after.get(key);
      if (now === undefined) return [`${title(fact)} is missing`];
      if (now.said === fact.said) return [];
      return HASH.test(fact.said)
        ? [`${title(fact)} is another one`]
        : [`${title(fact)} is ${short(now.said)} instead of ${short(fact.said)}`];
    }),
    ...[...after].flatMap(([key, fact]) => (before.has(key) ? [] : [`${title(fact)} is more than was backed up`])),
  ];
}

/** An object may have several facts of a kind, such as comments on overloads that read alike: they count together. */
function byObject(facts: readonly CatalogueFact[]): Map<string, CatalogueFact> {
  const objects = new Map<string, CatalogueFact>();
  for (const fact of facts) {
    const key = JSON.stringify([fact.kind, fact.object]);
    const there = objects.get(key);
    objects.set(key, there === undefined ? fact : { ...there, said: `${there.said}\n${fact.said}` });
  }
  return objects;
}

const HASH = /[0-9a-f]{64}$/;
const SINGULAR: Readonly<Record<string, string>> = {
  owner: 'the owner of',
  grants: 'who may use',
  constraints: 'constraint',
  policies: 'policy',
  triggers: 'trigger',
  'event triggers': 'event trigger',
  'row security': 'row security of',
  columns: 'column',
  tables: 'table',
  indexes: 'index',
  views: 'view',
  functions: 'function',
  types: 'type',
  rules: 'rule',
  comments: 'the comment on',
  extensions: 'extension',
  publications: 'publication',
  parents: 'partition',
  'sequence definitions': 'sequence',
  statistics: 'statistics',
  others: '',
};

const title = ({ kind, object }: CatalogueFact): string => `${SINGULAR[kind] ?? kind} ${object}`.trim();

const LONGEST = 160;
function short(said: string): string {
  const line = said.replaceAll(/\s+/g, ' ');
  if (line === '') return 'plain';
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
