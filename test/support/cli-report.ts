import type { Report } from '../../src/core/report.ts';
import { runCli, runProgram, type CliEnd, type CliOptions } from './cli.ts';

/** The report of a command, with how it ended. */
export interface CliReport extends Report {
  readonly status: number | null;
  readonly stderr: string;
  /** As it was printed. */
  readonly stdout: string;
}

/** Runs the built program as {@link runCli} does, for its report in JSON: that of an error, too. Two minutes unless told otherwise. */
export async function cliReport(args: readonly string[], options: CliOptions): Promise<CliReport> {
  return reportOf(await runCli([...args, '--format', 'json'], { timeoutMs: 120_000, ...options }));
}

/** The same as {@link runProgram} does. */
export async function programReport(args: readonly string[], options: CliOptions): Promise<CliReport> {
  return reportOf(await runProgram([...args, '--format', 'json'], { timeoutMs: 120_000, ...options }));
}

function reportOf({ status, stdout, stderr }: CliEnd): CliReport {
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status, stderr, stdout };
}
