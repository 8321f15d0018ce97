import type { OptionSpec, ParsedOptions } from '../core/command.ts';
import type { DevEnvironment, DevProject } from '../ops/dev/environment.ts';
import type { Major } from '../ops/dev/lines.ts';
import type { Context } from './context.ts';

/** What every `dev` command is about: the project of the current folder, on this machine. */
export interface DevScope {
  readonly environment: DevEnvironment;
  readonly project: DevProject;
}

export async function devScope(context: Context): Promise<DevScope> {
  const { config, folder } = await context.config();
  return { environment: { projectFolder: folder, variables: context.variables, home: context.home }, project: config };
}

/** `--version`, shared by the `dev` commands. */
export const VERSION_OPTION: OptionSpec = {
  flags: '--version <major>',
  description: 'line of PostgreSQL: 18 or 17 (default: the one that runs, else dev.version of dbctl.yaml)',
  choices: ['18', '17'],
};

/** The line `--version` names; undefined without it. */
export function namedMajor(options: ParsedOptions): Major | undefined {
  const version = options['version'];
  return version === undefined ? undefined : (Number(version) as Major);
}

/** 1536 → `1.5 kB`, in powers of 1024 as pg_size_pretty counts. */
export function readableSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes, 0];
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** 3725 → `1 h 2 min`. */
export function readableDuration(seconds: number): string {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
