import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DbctlError } from '../core/errors.ts';
import { fileReason } from '../core/file-reason.ts';
import { REPORT_SCHEMA, type Answer, type Report, type ReportError } from '../core/report.ts';
import { POINTING, render, type RenderOptions } from '../render/index.ts';
import { version } from '../package.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io, Output } from './io.ts';
import type { Redactor } from './secrets.ts';

/** How a run ended: an answer, an error, or both where the answer is not whole. */
export interface Outcome {
  readonly command: string;
  readonly globals: GlobalOptions;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly answer: Answer | null;
  readonly error: DbctlError | null;
}

/**
 * Writes the report to stdout and to every `--out` file, and returns the exit status. In human format an error alone goes to stderr:
 * stdout is the answer, stderr is the conversation.
 */
export async function deliver(io: Io, redactor: Redactor, outcome: Outcome): Promise<number> {
  const report = toReport(outcome, redactor);
  const view = outcome.answer?.view;
  const shown = view === undefined || view.revealsSecret === true ? view : redactor.value(view);
  const locate = await locator(outcome);
  const stream = outcome.answer === null && outcome.globals.format === 'human' ? io.stderr : io.stdout;
  stream.write(
    await render(outcome.globals.format, report, {
      ...renderOptions(io, stream, outcome.globals),
      ...(shown && { view: shown }),
      ...(locate && { locate }),
    }),
  );
  for (const { format, path } of outcome.globals.out) {
    const text = await render(format, report, {
      color: false,
      width: 120,
      toolVersion: version(),
      ...(shown && { view: redactor.value(shown) }),
      ...(locate && { locate }),
    });
    const problem = writeWhole(resolve(io.cwd, path), text);
    if (problem === undefined) continue;
    io.stderr.write(`error: cannot write ${path}: ${problem}\nhint: Name another file: --out ${format}=FILE.\n`);
    return report.exitCode === 0 ? 2 : report.exitCode;
  }
  return report.exitCode;
}

/** A line that cannot be found is no reason to lose the findings: their formats then name dbctl.yaml. */
async function locator({ answer, globals }: Outcome): Promise<RenderOptions['locate']> {
  const points = [globals.format, ...globals.out.map(({ format }) => format)].some((format) => POINTING.has(format));
  return points ? answer?.locate?.().catch(() => undefined) : undefined;
}

function toReport(outcome: Outcome, redactor: Redactor): Report {
  const { answer, error } = outcome;
  return redactor.value<Report>({
    schema: REPORT_SCHEMA,
    command: outcome.command,
    ok: answer?.ok ?? false,
    exitCode: error?.exit ?? (answer?.ok === true ? 0 : 1),
    startedAt: outcome.startedAt.toISOString(),
    durationMs: outcome.durationMs,
    target: answer?.target ?? null,
    summary: answer?.summary ?? {},
    items: answer?.items ?? [],
    error: error === null ? null : toReportError(error),
  });
}

function toReportError(error: DbctlError): ReportError {
  return {
    code: error.code,
    message: error.message,
    hint: error.hint ?? null,
    ...(error.sqlstate === undefined ? {} : { sqlstate: error.sqlstate }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.position === undefined ? {} : { position: error.position }),
  };
}

function renderOptions(io: Io, stream: Output, globals: GlobalOptions): RenderOptions {
  const { NO_COLOR, FORCE_COLOR, TERM } = io.variables;
  const wanted = globals.color && (NO_COLOR === undefined || NO_COLOR === '');
  const capable = (stream.isTTY === true && TERM !== 'dumb') || (FORCE_COLOR !== undefined && FORCE_COLOR !== '0');
  return { color: wanted && capable, width: stream.columns ?? 100, terminal: stream.isTTY === true, toolVersion: version() };
}

/** A reader sees the old file or the whole new one, never a half: CI uploads these. Returns what went wrong. */
function writeWhole(path: string, text: string): string | undefined {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, path);
    return undefined;
  } catch (thrown) {
    discard(temporary);
    return fileReason(thrown);
  }
}

function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {
    // It never came to be: its folder is no folder. The first error is the one to tell.
  }
}
