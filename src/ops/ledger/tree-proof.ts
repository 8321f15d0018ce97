import { emptyRoot, HASH_BYTES, nodeHash, rootOf } from './merkle.ts';

/** Largest power of two below `size`: where a tree of that size is split (RFC 9162, 2.1.1). */
function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** The hashes that lead from leaf `index` to the root, from the bottom up (RFC 9162, 2.1.3.1). Fails with RangeError outside the tree. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`no leaf ${index} of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const middle = split(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return index < middle
    ? [...inclusionProof(left, index), rootOf(right)]
    : [...inclusionProof(right, index - middle), rootOf(left)];
}

/** The root a proof leads to; compare it with a trusted one (RFC 9162, 2.1.3.2). Fails with RangeError on a proof of the wrong length. */
export function rootFromInclusion(leaf: Buffer, index: number, size: number, proof: readonly Buffer[]): Buffer {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    throw new RangeError(`no leaf ${index} of ${size}`);
  let [fn, sn, root] = [index, size - 1, leaf];
  for (const hash of proof) {
    if (sn === 0) throw new RangeError('the proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(hash, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      root = nodeHash(root, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  if (sn !== 0) throw new RangeError('the proof is too short');
  return root;
}

/** What shows that the tree of the first `first` leaves is a beginning of this one (RFC 9162, 2.1.4.1). */
export function consistencyProof(leaves: readonly Buffer[], first: number): Buffer[] {
  if (!Number.isSafeInteger(first) || first < 0 || first > leaves.length)
    throw new RangeError(`no first ${first} of ${leaves.length}`);
  return first === 0 || first === leaves.length ? [] : subProof(leaves, first, true);
}

function subProof(leaves: readonly Buffer[], first: number, whole: boolean): Buffer[] {
  if (first === leaves.length) return whole ? [] : [rootOf(leaves)];
  const middle = split(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return first <= middle
    ? [...subProof(left, first, whole), rootOf(right)]
    : [...subProof(right, first - middle, false), rootOf(left)];
}

/** True when `proof` shows that the tree of size `first` is a beginning of the one of size `second` (RFC 9162, 2.1.4.2). */
export function consistent(
  first: number,
  firstRoot: Buffer,
  second: number,
  secondRoot: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first > second || first < 0) return false;
  if ([firstRoot, secondRoot, ...proof].some((hash) => hash.length !== HASH_BYTES)) return false;
  if (first === second) return proof.length === 0 && firstRoot.equals(secondRoot);
  if (first === 0) return proof.length === 0 && firstRoot.equals(emptyRoot());
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : [...proof];
  const [start, ...rest] = path;
  if (start === undefined) return false;
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [older, newer] = [start, start];
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      newer = nodeHash(newer, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && older.equals(firstRoot) && newer.equals(secondRoot);
}

const half = (value: number): number => Math.floor(value / 2);
const isPowerOfTwo = (value: number): boolean => 2 ** Math.round(Math.log2(value)) === value;
