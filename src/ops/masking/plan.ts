import { ident, literal, qualified } from '../../db/ident.ts';
import type { MaskableColumn } from './columns.ts';
import { columnProblems } from './problems.ts';
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

export interface MaskingSettings {
  readonly columns: readonly MaskingRule[];
  readonly withoutRows: readonly string[];
}

/** A table whose rows come, and the query that gives them masked: nothing else of it leaves the server. */
export interface MaskedTable {
  readonly name: string;
  /** `"schema"."table" ("column", …)`, as \copy takes it back. */
  readonly into: string;
  readonly query: string;
  readonly masked: readonly { readonly column: string; readonly as: Mask }[];
}

export interface MaskingPlan {
  readonly tables: readonly MaskedTable[];
  /** Tables that come empty. */
  readonly empty: readonly string[];
  /** Why nothing may be dumped, one sentence each. */
  readonly problems: readonly string[];
}

/** Setting of the session the hashes are salted with: made for one dump, and written nowhere. */
export const SALT = 'dbctl.masking_salt';

/** What is dumped of each table, by the rules of dbctl.yaml. Pure. */
export function planMasking(columns: readonly MaskableColumn[], settings: MaskingSettings): MaskingPlan {
  const rules = new Map(settings.columns.map((rule) => [rule.column, rule]));
  const known = new Set(columns.flatMap(({ family, column }) => family.map((table) => `${table}.${column}`)));
  const families = new Set(columns.flatMap(({ family }) => family));
  const isEmpty = ({ family }: MaskableColumn) => family.some((table) => settings.withoutRows.includes(table));
  const coming = columns.filter((column) => !isEmpty(column));
  return {
    tables: [...byTable(coming)].map(([name, own]) => tableOf(name, own, rules)),
    empty: [...new Set(columns.filter(isEmpty).map(nameOf))],
    problems: [
      ...settings.columns.filter(({ column }) => !known.has(column)).map(({ column }) => `there is no column ${column}`),
      ...settings.withoutRows.filter((table) => !families.has(table)).map((table) => `there is no table ${table}`),
      ...columnProblems(coming, rules),
    ],
  };
}

function byTable(columns: readonly MaskableColumn[]): Map<string, MaskableColumn[]> {
  const tables = new Map<string, MaskableColumn[]>();
  for (const column of columns) tables.set(nameOf(column), [...(tables.get(nameOf(column)) ?? []), column]);
  return tables;
}

function tableOf(name: string, columns: readonly MaskableColumn[], rules: MaskingRules): MaskedTable {
  const [{ schema, table } = { schema: '', table: '' }] = columns;
  const list = columns.map(({ column }) => ident(column)).join(', ');
  const values = columns.map((column) => `${expressionOf(column, ruleOf(column, rules))} as ${ident(column.column)}`);
  return {
    name,
    into: `${qualified(schema, table)} (${list})`,
    query: `select ${values.join(', ')} from only ${qualified(schema, table)}`,
    masked: columns.flatMap((column) => {
      const as = ruleOf(column, rules)?.as ?? 'keep';
      return as === 'keep' ? [] : [{ column: column.column, as }];
    }),
  };
}

/** What the server computes in place of a value. Null stays null, but for a constant. */
function expressionOf({ column, type }: MaskableColumn, rule: MaskingRule | undefined): string {
  const name = ident(column);
  const digest = `pg_catalog.substr(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.current_setting('${SALT}') || ${name}::pg_catalog.text, 'UTF8')), 'hex'), 1, ${HASH_DIGITS})`;
  switch (rule?.as) {
    case undefined:
    case 'keep':
      return name;
    case 'nothing':
      return `null::${type}`;
    case 'constant':
      return `${literal(rule.value ?? '')}::${type}`;
    case 'hash':
      return `${digest}::${type}`;
    case 'email':
      return `('${EMAIL_PREFIX}' || pg_catalog.substr(${digest}, 1, ${EMAIL_DIGITS}) || '@example.org')::${type}`;
    case 'number':
      return `(case when ${name} is not null then pg_catalog.row_number() over () end)::${type}`;
  }
}
