import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Progress } from '../../core/progress.ts';
import type { Major } from './lines.ts';
import type { EngineName } from './record.ts';

/** What the development server needs to know of the machine and the person; handed in, never read from the process here. */
export interface DevEnvironment {
  /** The folder of dbctl.yaml, or the current folder where there is none. */
  readonly projectFolder: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The caller's user id; default: the process's own. Undefined on systems that have none. */
  readonly uid?: number | undefined;
  readonly platform?: NodeJS.Platform;
}

/** How a long act talks to the person, and how it is stopped. */
export interface Control {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The part of dbctl.yaml the development server follows. */
export interface DevProject {
  readonly project: string;
  readonly dev: {
    /** The line a command means that names none. */
    readonly version: Major;
    readonly engine: EngineName;
    /** The project's database on the server. */
    readonly database: string;
  };
}

/** The caller's user id. */
export function userId(environment: DevEnvironment): number | undefined {
  return 'uid' in environment ? environment.uid : process.getuid?.();
}

/** The project's folder with links resolved, so that two ways to one folder are one project. */
export function realFolder(environment: DevEnvironment): string {
  return realpathSync(environment.projectFolder);
}

/** The folder's name as a slug of at most 24 characters; `project` when nothing of it is left. */
export function folderSlug(folder: string): string {
  const slug = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 24)
    .replaceAll(/^-+|-+$/g, '');
  return slug === '' ? 'project' : slug;
}
