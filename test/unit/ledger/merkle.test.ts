import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreeBuilder, emptyRoot, leafHash, rootOf } from '../../../src/ops/ledger/merkle.ts';
import { consistencyProof, consistent, inclusionProof, rootFromInclusion } from '../../../src/ops/ledger/tree-proof.ts';

/** RFC 6962, 2.1, word by word: slow, and for these sizes fast enough. */
function reference(leaves: readonly Buffer[]): Buffer {
  const hash = (...parts: readonly Uint8Array[]) => parts.reduce((one, part) => one.update(part), createHash('sha256')).digest();
  if (leaves.length === 0) return hash();
  if (leaves.length === 1) return leaves[0] as Buffer;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hash(Buffer.of(1), reference(leaves.slice(0, k)), reference(leaves.slice(k)));
}

/** The test data every Certificate Transparency implementation carries. */
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const CT_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leavesOf = (count: number) => Array.from({ length: count }, (_, place) => leafHash(Buffer.from(`leaf ${place}`)));

describe('the tree', () => {
  it('has the roots of the Certificate Transparency test data', () => {
    expect(emptyRoot().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const leaves = CT_LEAVES.map((hex) => leafHash(Buffer.from(hex, 'hex')));
    expect(CT_ROOTS.map((_, place) => rootOf(leaves.slice(0, place + 1)).toString('hex'))).toEqual(CT_ROOTS);
  });

  it('is the same built leaf by leaf, in batches, and gone on from its peaks', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (count, cut) => {
        const leaves = leavesOf(count);
        const first = new TreeBuilder();
        first.pushMany(Buffer.concat(leaves.slice(0, cut)));
        const second = TreeBuilder.resume(first.size, first.peaks);
        second.pushMany(Buffer.concat(leaves.slice(cut)));
        expect(second.size).toBe(count);
        expect(second.root()).toEqual(reference(leaves));
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a torn batch and peaks that do not fit', () => {
    expect(() => new TreeBuilder().pushMany(Buffer.alloc(33))).toThrow('33 bytes are no whole number of hashes');
    expect(() => TreeBuilder.resume(3, Buffer.alloc(32))).toThrow('32 bytes of peaks for 3 leaves');
  });
});

describe('proofs', () => {
  it('of inclusion lead every leaf to the root, and no other leaf', () => {
    for (let size = 1; size <= 33; size += 1) {
      const leaves = leavesOf(size);
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(leaves, index);
        expect(rootFromInclusion(leaves[index] as Buffer, index, size, proof)).toEqual(reference(leaves));
        expect(rootFromInclusion(leafHash(Buffer.from('other')), index, size, proof)).not.toEqual(reference(leaves));
      }
    }
  });

  it('of consistency hold for every beginning, and for no other tree', () => {
    for (let size = 1; size <= 33; size += 1) {
      const leaves = leavesOf(size);
      for (let first = 0; first <= size; first += 1) {
        const proof = consistencyProof(leaves, first);
        const root = reference(leaves.slice(0, first));
        expect(consistent(first, root, size, reference(leaves), proof)).toBe(true);
        if (first === 0) continue;
        const rewritten = [leafHash(Buffer.from('other')), ...leaves.slice(1)];
        expect(consistent(first, reference(rewritten.slice(0, first)), size, reference(leaves), proof)).toBe(false);
        expect(consistent(first, root, size, reference(rewritten), proof)).toBe(false);
        if (proof.length > 0) expect(consistent(first, root, size, reference(leaves), proof.slice(1))).toBe(false);
      }
    }
  });

  it.each([
    [() => inclusionProof(leavesOf(3), 3), 'no leaf 3 of 3'],
    [() => inclusionProof([], 0), 'no leaf 0 of 0'],
    [() => rootFromInclusion(leafHash(Buffer.alloc(0)), 0, 4, []), 'the proof is too short'],
    [() => rootFromInclusion(leafHash(Buffer.alloc(0)), 0, 1, [Buffer.alloc(32)]), 'the proof is too long'],
    [() => consistencyProof(leavesOf(2), 3), 'no first 3 of 2'],
  ])('fail on what is no place in the tree: %s', (act, message) => {
    expect(act).toThrow(message);
  });
});
