import type { Result } from './judge.ts';
export async function cloneTest(..._: readonly unknown[]): Promise<Result[]> {
  return [];
}
