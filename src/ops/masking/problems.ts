import type { MaskableColumn } from './columns.ts';
import {
  EMAIL_DIGITS,
  EMAIL_PREFIX,
  HASH_DIGITS,
  nameOf,
  ruleOf,
  type Mask,
  type MaskingRule,
  type MaskingRules,
} from './rules.ts';

/**
 * Types whose values name nobody by themselves: booleans, numbers, dates, times, enums, ranges, bits. Every other can hold text, an address or a
 * place, and has to be named (pg_type.typcategory).
 */
const HARMLESS = new Set(['B', 'N', 'D', 'T', 'E', 'R', 'V']);

/** Fewer characters of a hash, 64 bits, may be the same for two of some billion values. */
const TELLING_DIGITS = 16;

/**
 * Why the columns cannot be dumped by these rules, one sentence each: one nobody decided about, a mask its type cannot take, and one the dump
 * could not be loaded with, which would be found by a developer, hours later. `coming` are the columns of tables with rows. Pure.
 */
export function columnProblems(coming: readonly MaskableColumn[], rules: MaskingRules): string[] {
  const byName = new Map(coming.map((column) => [fullName(column), column]));
  const parents = new Set(coming.flatMap(({ family, column }) => family.map((table) => `${table}.${column}`)));
  const maskOf = (name: string): Mask | 'undecided' | null => {
    const column = byName.get(name);
    const rule = column === undefined ? undefined : ruleOf(column, rules);
    if (column !== undefined) return typeProblem(column, rule) === null ? (rule?.as ?? 'keep') : 'undecided';
    return parents.has(name) ? (rules.get(name)?.as ?? 'keep') : null;
  };
  return coming.flatMap((column) => {
    const rule = ruleOf(column, rules);
    const problem = typeProblem(column, rule) ?? loadProblem(column, rule) ?? referenceProblem(column, rule, maskOf);
    return problem === null ? [] : [`${fullName(column)} ${problem}`];
  });
}

const fullName = (column: MaskableColumn): string => `${nameOf(column)}.${column.column}`;

function typeProblem({ type, category, isUuid, isRangeOfText, isNotNull }: MaskableColumn, rule?: MaskingRule): string | null {
  switch (rule?.as) {
    case undefined:
      return (HARMLESS.has(category) && !isRangeOfText) || isUuid ? null : `(${type}) is neither masked nor kept`;
    case 'nothing':
      return isNotNull ? 'may not be null, so it cannot be masked as nothing' : null;
    case 'hash':
      return category === 'S' || isUuid ? null : `is of type ${type}, and a hash is text`;
    case 'email':
      return category === 'S' ? null : `is of type ${type}, and an address is text`;
    case 'number':
      return category === 'S' || category === 'N' ? null : `is of type ${type}, and cannot be numbered`;
    case 'keep':
    case 'constant':
      return null;
  }
}

function loadProblem({ type, isUuid, isUnique, isPartitionKey }: MaskableColumn, rule?: MaskingRule): string | null {
  const mask = rule?.as ?? 'keep';
  if (mask === 'keep') return null;
  if (isPartitionKey) return 'says into which partition a row goes: it can only be kept';
  if (!isUnique) return null;
  if (mask === 'constant') return 'is unique, and a constant is not';
  const length = Number(/\((\d+)\)$/.exec(type)?.[1] ?? Infinity);
  const digits = mask === 'hash' ? HASH_DIGITS : EMAIL_DIGITS;
  const room = mask === 'email' ? length - EMAIL_PREFIX.length : length;
  if ((mask !== 'hash' && mask !== 'email') || isUuid || Math.min(digits, room) >= TELLING_DIGITS) return null;
  return `is unique, and what its type ${type} has room for of ${mask === 'hash' ? 'a hash' : 'an address'} is not`;
}

/** Masks that make the same of the same in every table. */
const JOINING: ReadonlySet<Mask> = new Set(['keep', 'hash', 'email']);

/** `maskOf` null: its table comes without rows; undecided: it has a problem of its own. */
function referenceProblem(
  column: MaskableColumn,
  rule: MaskingRule | undefined,
  maskOf: (name: string) => Mask | 'undecided' | null,
): string | null {
  const own = rule?.as ?? 'keep';
  // Null refers to nothing.
  if (own === 'nothing') return null;
  for (const name of column.refersTo) {
    const other = maskOf(name);
    if (other === null) return `refers to ${name}, whose table comes without rows`;
    if (other === 'undecided') continue;
    if (own !== other || !JOINING.has(own)) return `refers to ${name}, and ${own} of the one is not ${other} of the other`;
  }
  return null;
}
