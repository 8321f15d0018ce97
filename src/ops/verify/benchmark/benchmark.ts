import type { Check } from '../check.ts';
import data from './cis.json' with { type: 'json' };

/**
 * One thing the benchmark asks for. Numbers are kept by version, because they moved between versions and sources: never one bare
 * number. Titles are our own words, for the benchmark is not public.
 */
export interface BenchmarkItem {
  readonly title: string;
  /** Version of the benchmark → the item's number there. */
  readonly ids: Readonly<Partial<Record<string, string>>>;
  /** What a person looks at, because no session can. */
  readonly manual?: string;
  /** A text of the benchmark, with nothing to check. */
  readonly text?: boolean;
}

export const BENCHMARK_NAME = data.name;
export const BENCHMARK_VERSIONS: readonly string[] = data.versions;
const ITEMS: readonly BenchmarkItem[] = data.items;

export interface NumberedItem extends BenchmarkItem {
  readonly number: string;
}

/** The items of one version, in its order. */
export function itemsOfVersion(version: string): NumberedItem[] {
  return ITEMS.flatMap((item) => {
    const number = item.ids[version];
    return number === undefined ? [] : [{ ...item, number }];
  }).toSorted((a, b) => byNumber(a.number, b.number));
}

/** 3.1.9 before 3.1.10. */
export function byNumber(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at === -1 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}

const REF = /^CIS PostgreSQL (\d+): (.+)$/;

/** What the `refs` of a check say: which items it answers, under the numbers of which version. The one place of the mapping. */
export function benchmarkRefs({ refs }: Pick<Check, 'refs'>): readonly { readonly version: string; readonly number: string }[] {
  return refs.flatMap((ref) => {
    const [, version, numbers] = REF.exec(ref) ?? [];
    return version === undefined ? [] : (numbers ?? '').split(/,\s*/).map((number) => ({ version, number }));
  });
}

/** The numbers of the items the check answers, in a version; a check may name them by those of another version. */
export function numbersOf(check: Pick<Check, 'refs'>, version: string): string[] {
  const items = benchmarkRefs(check).flatMap((ref) => ITEMS.filter(({ ids }) => ids[ref.version] === ref.number));
  const numbers = items.flatMap(({ ids }) => ids[version] ?? []);
  return [...new Set(numbers)].toSorted(byNumber);
}
