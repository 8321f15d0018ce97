import { LOG_LEVELS, type LogLevel } from '../core/log.ts';
import type { OptionSpec } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { parseDuration } from '../config/duration.ts';
import { parseLabel, type Label } from '../config/targets/select.ts';
import { FORMATS, type Format } from '../render/index.ts';
import type { Variables } from '../commands/context.ts';

/**
 * Eight sessions are less than a tenth of the 100 that a server has by default, should all targets be on one. Measured with 20 ms of network,
 * eight at a time take a quarter of the time that one after the other takes, and sixteen hardly less (docs/scale.md).
 */
const DEFAULT_PARALLEL = 8;
/** Above that this one process, which judges what comes, is what targets wait for. */
const MOST_PARALLEL = 64;
const DEFAULT_TARGET_TIMEOUT_MS = 60_000;

/** Those of GLOBAL_OPTIONS that only commands with `targets` take; the others refuse them. */
export const FLEET_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--targets <file>',
    description: 'look at every database of this inventory instead of one; for commands that read',
  },
  {
    flags: '--label <key=value>',
    description: 'with --targets: only targets with this label',
    repeatable: true,
    parse: parseLabel,
  },
  {
    flags: '--parallel <n>',
    description: `with --targets: how many at a time, up to ${MOST_PARALLEL} (default: ${DEFAULT_PARALLEL})`,
    parse: parseParallel,
  },
  {
    flags: '--target-timeout <duration>',
    description: 'with --targets: longest to wait for one target; 0 is no limit (default: 1min)',
    parse: parseDuration,
  },
];

/** Options every command takes, before or after its own. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--config <file>', description: 'project file; else DBCTL_CONFIG, else dbctl.yaml here or in a folder above' },
  { flags: '--env <name>', description: 'environment of the project file; else DBCTL_ENV, else dev' },
  ...FLEET_OPTIONS,
  { flags: '--format <format>', description: 'what stdout gets', choices: FORMATS, default: 'human' },
  { flags: '--out <format=path>', description: 'write the report to a file as well', repeatable: true },
  { flags: '--dry-run', description: 'show the plan and stop before the first change' },
  { flags: '--yes', description: 'answer yes to every question' },
  { flags: '--quiet', description: 'no progress on stderr' },
  { flags: '--log-level <level>', description: 'what stderr gets of the log', choices: LOG_LEVELS, default: 'warn' },
  { flags: '--log-format <format>', description: 'how log lines are written', choices: ['text', 'json'], default: 'text' },
  { flags: '--no-color', description: 'no colours; NO_COLOR and a pipe mean the same' },
];

export interface OutFile {
  readonly format: Format;
  readonly path: string;
}

export interface GlobalOptions {
  readonly config: string | undefined;
  readonly env: string;
  readonly format: Format;
  readonly out: readonly OutFile[];
  /** The inventory of databases to look at; undefined: the one of the environment. */
  readonly targets: string | undefined;
  readonly labels: readonly Label[];
  readonly parallel: number;
  /** Milliseconds for one target; 0 is no limit. */
  readonly targetTimeoutMs: number;
  /** Options for targets that were given, by name. */
  readonly given: readonly string[];
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: 'text' | 'json';
  readonly color: boolean;
}

/** Reads the global options out of what commander parsed. Fails with usage on a malformed `--out`. */
export function readGlobals(parsed: Readonly<Record<string, unknown>>, variables: Variables): GlobalOptions {
  return {
    config: (parsed['config'] as string | undefined) ?? variables['DBCTL_CONFIG'],
    env: (parsed['env'] as string | undefined) ?? variables['DBCTL_ENV'] ?? 'dev',
    format: parsed['format'] as Format,
    out: ((parsed['out'] as string[] | undefined) ?? []).map(parseOut),
    targets: parsed['targets'] as string | undefined,
    labels: (parsed['label'] as Label[] | undefined) ?? [],
    parallel: (parsed['parallel'] as number | undefined) ?? DEFAULT_PARALLEL,
    targetTimeoutMs: (parsed['targetTimeout'] as number | undefined) ?? DEFAULT_TARGET_TIMEOUT_MS,
    given: Object.entries(FOR_TARGETS).flatMap(([name, flag]) => (parsed[name] === undefined ? [] : [flag])),
    dryRun: parsed['dryRun'] === true,
    yes: parsed['yes'] === true,
    quiet: parsed['quiet'] === true,
    logLevel: parsed['logLevel'] as LogLevel,
    logFormat: parsed['logFormat'] as 'text' | 'json',
    color: parsed['color'] !== false,
  };
}

const FOR_TARGETS = { label: '--label', parallel: '--parallel', targetTimeout: '--target-timeout' };

function parseParallel(text: string): number {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number >= 1 && number <= MOST_PARALLEL) return number;
  throw new Error(`a whole number from 1 to ${MOST_PARALLEL}, not ${text}`);
}

function parseOut(text: string): OutFile {
  const split = text.indexOf('=');
  const format = FORMATS.find((name) => name === text.slice(0, split));
  const path = text.slice(split + 1);
  if (split === -1 || format === undefined || path === '') {
    fail('usage', `--out takes format=path, not ${text}`, {
      hint: `Formats are ${FORMATS.join(', ')}: for example --out sarif=verify.sarif.`,
    });
  }
  return { format, path };
}
