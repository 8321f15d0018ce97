import { LOG_LEVELS, type LogLevel } from '../core/log.ts';
import type { OptionSpec } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { FORMATS, type Format } from '../render/index.ts';
import type { Variables } from '../commands/context.ts';

/** Options every command takes, before or after its own. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--config <file>', description: 'project file; else DBCTL_CONFIG, else dbctl.yaml here or in a folder above' },
  { flags: '--env <name>', description: 'environment of the project file; else DBCTL_ENV, else dev' },
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
    dryRun: parsed['dryRun'] === true,
    yes: parsed['yes'] === true,
    quiet: parsed['quiet'] === true,
    logLevel: parsed['logLevel'] as LogLevel,
    logFormat: parsed['logFormat'] as 'text' | 'json',
    color: parsed['color'] !== false,
  };
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
