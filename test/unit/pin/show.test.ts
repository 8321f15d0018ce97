import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../../../src/commands/pin-show.ts';
import type { Context } from '../../../src/commands/context.ts';
import { loadConfig } from '../../../src/config/load.ts';

/** What `pin show` says of the age of its own data, at a moment. */
async function ageAt(now: string) {
  const cwd = await mkdtemp(join(tmpdir(), 'dbctl-pin-'));
  await writeFile(
    join(cwd, 'dbctl.yaml'),
    'version: 1\nproject: shop\npostgres: { version: "18.6" }\nenvironments: { dev: {} }\n',
  );
  const config = () => loadConfig({ file: undefined, cwd, env: 'dev', variables: {} });
  const context = { cwd, config, clock: () => new Date(now) } as unknown as Context;
  const { ok, items } = await run({}, context).finally(() => void rm(cwd, { recursive: true }));
  const { status, message, fix } = items.find(({ id }) => id === 'advisory data') ?? {};
  return { ok, status, message, fix };
}

it('complains of its own data from the hundred and first day on, and says what to do', async () => {
  expect(await ageAt('2026-12-07T23:59:59Z')).toEqual({ ok: true, status: 'pass', message: '100 days old', fix: null });
  expect(await ageAt('2026-12-08T00:00:00Z')).toEqual({
    ok: false,
    status: 'fail',
    message: '101 days old: security releases since then are not known here',
    fix: 'update dbctl: npm install dbctl@latest',
  });
});
