import { keyOf, settle, type Need, type Right } from './need.ts';
import { namesOf, type Names } from './resolve/names.ts';
import { searchPath } from './resolve/search-path.ts';
import { resolveStatement, type Resolution } from './resolve/statement.ts';
import { temporaryTables } from './resolve/temporary.ts';
import type { Shapes } from './shapes.ts';
import type { SeenStatement } from './windows.ts';

/** A right that was used, and how often. */
export interface UsedRight {
  readonly right: Right;
  readonly calls: number;
  readonly lastSeen: string;
  /** One of the statements that need it. */
  readonly example: string;
}

export interface Learned {
  readonly used: readonly UsedRight[];
  /** Statements about which it cannot be said what they need. */
  readonly unresolved: readonly { readonly statement: SeenStatement; readonly reason: string }[];
  /** Those that were resolved, for the check. */
  readonly resolved: readonly SeenStatement[];
}

export interface LearnInputs {
  readonly shapes: Shapes;
  /** search_path as it is set for each user. */
  readonly pathOf: (user: string) => string;
  /** search_path of functions that set their own: statements inside may be under it. */
  readonly functionPaths: readonly string[];
  /** Oids of the roles whose policies hold. */
  readonly roles: readonly number[];
}

/** The fewest rights that all statements need together. Call loadParser() before. Pure. */
export function learn(statements: readonly SeenStatement[], inputs: LearnInputs): Learned {
  const names = namesOf(inputs.shapes);
  const temporary = temporaryTables(statements.flatMap(({ text }) => (text === null ? [] : [text])));
  const resolutions = statements.map((statement) => ({ statement, found: resolveSeen(statement, names, temporary, inputs) }));
  const needs = new Map<string, { need: Need; by: SeenStatement[] }>();
  for (const { statement, found } of resolutions) {
    if (found.kind !== 'needs') continue;
    for (const need of new Map(found.needs.map((one) => [keyOf(one), one])).values()) {
      const key = keyOf(need);
      needs.set(key, { need, by: [...(needs.get(key)?.by ?? []), statement] });
    }
  }
  const all = [...needs.values()];
  const first = (relation: number): string | undefined =>
    names.relationById(relation)?.columns.find(({ generated }) => !generated)?.name;
  return {
    used: settle(
      all.map(({ need }) => need),
      first,
    ).map((right) => usedBy(right, all)),
    unresolved: resolutions.flatMap(({ statement, found }) =>
      found.kind === 'unresolved' ? [{ statement, reason: found.reason }] : [],
    ),
    resolved: resolutions.flatMap(({ statement, found }) => (found.kind === 'needs' ? [statement] : [])),
  };
}

function usedBy(right: Right, needs: readonly { need: Need; by: readonly SeenStatement[] }[]): UsedRight {
  const statements = new Set(needs.filter(({ need }) => meets(right, need)).flatMap(({ by }) => by));
  const list = [...statements];
  return {
    right,
    calls: list.reduce((sum, { calls }) => sum + calls, 0),
    lastSeen:
      list
        .map(({ lastSeen }) => lastSeen)
        .toSorted()
        .at(-1) ?? '',
    example: list[0]?.text ?? '',
  };
}

function meets(right: Right, need: Need): boolean {
  if (right.kind !== 'relation') return keyOf(right) === keyOf(need);
  if (need.kind !== 'column' && need.kind !== 'any column' && need.kind !== 'relation') return false;
  if (need.relation !== right.relation) return false;
  if (need.kind === 'relation') return right.column === null && need.oneOf.includes(right.privilege);
  if (need.privilege !== right.privilege) return false;
  return need.kind === 'any column' || right.column === null || right.column === need.column;
}

/** Inside functions another search_path may hold: then every one that works has to give the same answer. */
function resolveSeen(
  { text, toplevel, user }: SeenStatement,
  names: Names,
  temporary: ReadonlyMap<string, readonly string[] | null>,
  { pathOf, functionPaths, roles }: LearnInputs,
): Resolution {
  if (text === null) return { kind: 'unresolved', reason: 'its text was left out of the record, since it holds a literal' };
  const paths = [...new Set([pathOf(user), ...(toplevel ? [] : functionPaths)])];
  const found = paths.map((path) =>
    resolveStatement({ text, toplevel }, { names, path: searchPath(path, user), temporary }, roles),
  );
  const [first, ...others] = found.filter(({ kind }) => kind !== 'unresolved');
  if (first === undefined) return found[0] ?? { kind: 'nothing' };
  const answers = new Set([first, ...others].map(answerOf));
  return answers.size === 1
    ? first
    : {
        kind: 'unresolved',
        reason: 'it ran inside a function, and its names mean other things under the search_paths that functions have',
      };
}

const answerOf = (one: Resolution): string => (one.kind === 'needs' ? one.needs.map(keyOf).toSorted().join('\n') : one.kind);
