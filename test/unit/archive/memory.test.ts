// Memory must not grow with the rows: docs/benchmarks.md has the figures of ten million.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'dbctl-memory-'));
const program = join(folder, 'memory.mjs');

beforeAll(() =>
  build({
    entryPoints: [fileURLToPath(new URL('memory-process.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
  }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Room for what is young grows with time up to 16 MB, whatever a program does: here it may not, so that what is kept shows. */
const YOUNG = '--max-semi-space-size=2';

async function mostMegabytes(act: 'write' | 'read', rows: number): Promise<number> {
  const { stdout } = await run(process.execPath, [YOUNG, program, act, join(folder, `${rows}.parquet`), String(rows)]);
  return Number(stdout) / 1e6;
}

/** Measured on a loaded machine: 5 to 6 MB more to write and to read; 65 MB where the pages that were read are kept. */
it.each(['write', 'read'] as const)(
  'to %s four times the rows takes no more memory',
  async (act) => {
    const [few = 0, many = 0] = await Promise.all([100_000, 400_000].map((rows) => mostMegabytes(act, rows)));
    expect(few).toBeGreaterThan(30);
    expect(many - few).toBeLessThan(15);
  },
  60_000,
);
