import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { silentProgress } from '../../../src/core/progress.ts';
import { cloneTest } from '../../../src/ops/immutability/selftest/clone.ts';
import { referenceSettings } from './support.ts';

it('the destructive half holds on a throw-away server, which is gone afterwards', { timeout: 180_000 }, async () => {
  const migrations = {
    folder: fileURLToPath(new URL('../../../migrations', import.meta.url)),
    table: 'dbctl.schema_migrations',
    lockTimeoutMs: 2_000,
    lockRetries: 10,
    lockWaitMs: 60_000,
    statementTimeoutMs: 0,
    operator: { name: 'tests', commit: null, ciJob: null, toolVersion: 'test' },
  };
  const wish = { major: 18, uid: process.getuid?.(), progress: silentProgress, signal: new AbortController().signal } as const;
  const results = await cloneTest(await referenceSettings(), migrations, wish);
  expect(results.filter(({ verdict }) => verdict === 'open' || verdict === 'unknown')).toEqual([]);
  expect(results.filter(({ path }) => path === 'detach_concurrently').length).toBeGreaterThan(15);
  expect(results.filter(({ path }) => path.startsWith('logical_apply')).length).toBe(8);
  expect(results.filter(({ verdict }) => verdict === 'known-open').map(({ path }) => path)).toEqual([
    'reassign_owned',
    'drop_database',
  ]);
  expect(results.find(({ path }) => path === 'set_unlogged_then_crash')).toMatchObject({ verdict: 'refused' });
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('dbctl-throw-away-'))).toEqual([]);
});
