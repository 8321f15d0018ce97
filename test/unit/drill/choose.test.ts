import { describe, expect, it } from 'vitest';
import type { KnownBackup } from '../../../src/ops/backup/verify.ts';
import type { LogicalManifest } from '../../../src/ops/backup/manifest.ts';
import { choiceText, drawBackup } from '../../../src/ops/drill/choose.ts';

const now = new Date('2026-11-21T10:00:00Z');
const daysAgo = (days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString();
const sealed = (id: string, days: number): KnownBackup => ({
  id,
  state: 'sealed',
  manifest: { id, snapshotAt: daysAgo(days) } as LogicalManifest,
});
const known: readonly KnownBackup[] = [
  ...Array.from({ length: 40 }, (_, day) => sealed(`lab-${40 - day}`, 40 - day)),
  { id: 'lab-broken', state: 'broken', problem: 'changed' },
];
const draw = (seed: string, backups = known, ms: number | null = null) =>
  drawBackup(backups, { text: ms === null ? null : '30d', ms, now }, seed);

describe('a backup drawn at random', () => {
  it('is the same for the same seed, and every one has its turn', () => {
    expect(draw('a').manifest.id).toBe(draw('a').manifest.id);
    const drawn = new Set(Array.from({ length: 500 }, (_, seed) => draw(String(seed)).manifest.id));
    expect(drawn.size).toBe(40);
  });

  it('is never a broken one, and never one from before the window', () => {
    const thirty = Array.from({ length: 300 }, (_, seed) => draw(String(seed), known, 30 * 86_400_000).manifest);
    expect(new Set(thirty.map(({ id }) => id)).size).toBe(30);
    expect(thirty.every(({ snapshotAt }) => snapshotAt >= daysAgo(30))).toBe(true);
  });

  it('stays the same when others go', () => {
    const { manifest } = draw('stays');
    const fewer = known.filter(({ id }, index) => id === manifest.id || index % 2 === 0);
    expect(draw('stays', fewer).manifest.id).toBe(manifest.id);
  });

  it('says from which it was drawn, and how to draw again', () => {
    const { choice } = draw('7f', known, 30 * 86_400_000);
    expect(choiceText(choice)).toBe('drawn from 30 backups of the last 30d with --seed 7f');
    expect(choice).toMatchObject({ by: 'random', seed: '7f', among: expect.arrayContaining(['lab-30', 'lab-1']) as string[] });
  });

  it('fails where there is none', () => {
    expect(() => draw('a', [])).toThrow('there is no sealed backup');
    expect(() => draw('a', [sealed('old', 31)], 30 * 86_400_000)).toThrow('there is no sealed backup of the last 30d');
  });
});
