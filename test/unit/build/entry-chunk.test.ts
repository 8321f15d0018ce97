import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Everything that is read before a command runs: the entry file, the program, and what they import without `import()`. */
async function startupInputs(): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts', 'src/cli/run.ts'],
    outdir: 'dist',
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['pg-native', 'libpg-query', './perform.ts'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) if (kind === 'import-statement') visit(path);
  };
  visit('dist/main.js');
  visit('dist/run.js');
  return [...reached].flatMap((file) => Object.keys(metafile.outputs[file]?.inputs ?? {}));
}

describe('what `--help`, `--version` and completion load', () => {
  it('is commander and specs, and none of the libraries that cost time', async () => {
    const inputs = await startupInputs();
    expect(inputs).toContain('src/commands/migrate-up.ts');
    expect(inputs.some((file) => file.startsWith('node_modules/commander/'))).toBe(true);
    const heavy = ['pg', 'zod', 'pino', '@clack/prompts', 'postgrator', 'chalk', 'yaml', 'libpg-query', 'glob'];
    expect(heavy.filter((name) => inputs.some((file) => file.startsWith(`node_modules/${name}/`)))).toEqual([]);
    expect(inputs.filter((file) => file.startsWith('src/ops/') && !file.startsWith('src/ops/completion/'))).toEqual([]);
  });
});
