import type { Report } from '../../src/core/report.ts';
import { runCli, type CliOptions } from './cli.ts';

/** The report of a command, with how it ended. */
export interface CliReport extends Report {
  readonly status: number | null;
  readonly stderr: string;
  /** As it was printed. */
  readonly stdout: string;
}

/** Runs the built program as {@link runCli} does, for its report in JSON: that of an error, too. Two minutes unless told otherwise. */
export async function cliReport(args: readonly string[], options: CliOptions): Promise<CliReport> {
  const { status, stdout, stderr } = await runCli([...args, '--format', 'json'], { timeoutMs: 120_000, ...options });
  if (!stdout.startsWith('{')) throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status, stderr, stdout };
}
