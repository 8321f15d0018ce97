import type { MaskableColumn } from './columns.ts';

export type Mask = 'keep' | 'nothing' | 'constant' | 'hash' | 'email' | 'number';

export interface MaskingRule {
  /** `schema.table.column`. */
  readonly column: string;
  readonly as: Mask;
  readonly value?: string | undefined;
}

/** By column. */
export type MaskingRules = ReadonlyMap<string, MaskingRule>;

/** `schema.table`. */
export const nameOf = ({ schema, table }: Pick<MaskableColumn, 'schema' | 'table'>): string => `${schema}.${table}`;

/** The nearest of the family counts: a partition may be masked otherwise than its parent. */
export const ruleOf = ({ family, column }: MaskableColumn, rules: MaskingRules): MaskingRule | undefined =>
  family.map((table) => rules.get(`${table}.${column}`)).find((rule) => rule !== undefined);

/** Characters of a hash. */
export const HASH_DIGITS = 32;

/** Of one in an address, 80 bits: with 12 digits two of ten million addresses are the same in every sixth dump, and a unique index refuses them. */
export const EMAIL_DIGITS = 20;
export const EMAIL_PREFIX = 'user-';
