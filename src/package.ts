import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// This file stands one level below the package's folder, in src/ and, bundled, in dist/.

/** dbctl's own folder: checks, runbooks and the reference project's migrations lie in it. */
export function packageFolder(): string {
  return fileURLToPath(new URL('..', import.meta.url));
}

/** dbctl's own version. */
export function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
