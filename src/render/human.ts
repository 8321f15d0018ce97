import { Chalk } from 'chalk';
import type { Report, Status, View } from '../core/report.ts';
import { listedItems } from './columns.ts';
import { errorLines } from './human/error.ts';
import { findings } from './human/findings.ts';
import { paragraphs, targetText } from './human/lines.ts';
import { ASCII, UNICODE } from './human/style.ts';
import type { Paint, Style } from './human/style.ts';
import { table } from './human/table.ts';
import { counts, duration, outcomeStatus, outcomeWords } from './outcome.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { visible, visibleBlock, withoutCommands } from '../core/visible.ts';
import { wrap } from './width.ts';

/** Below this nothing lines up any more; lines then run over. */
const MIN_WIDTH = 40;

/**
 * What an operator reads at three in the morning: title and server, the table or the findings worst first, notes, the
 * counts, and an error at the very end, where the terminal stands. A view with `text` is that text alone.
 */
export const render: Renderer = (report, options) => {
  const { view = {} } = options;
  const style = styleOf(options);
  if (view.text !== undefined && report.error === null) return endLine(visibleBlock(view.text));
  const sections = [
    head(report, view, style),
    overview(view, style),
    listing(report, view, style),
    notes(view, style),
    closing(report, view, style),
  ];
  return endLine(withoutCommands(sections.filter((section) => section !== '').join('\n\n')));
};

function styleOf({ color, width, unicode = true, terminal = false }: RenderOptions): Style {
  return {
    paint: paintOf(color),
    symbols: unicode ? UNICODE : ASCII,
    width: width > 0 ? Math.max(width, MIN_WIDTH) : Infinity,
    terminal,
  };
}

/** Sixteen colours: every terminal has them, and its theme chose them to be readable. */
function paintOf(color: boolean): Paint {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const byStatus: Readonly<Record<Status, (text: string) => string>> = {
    fail: chalk.red.bold,
    unknown: chalk.magenta.bold,
    waived: chalk.yellow,
    skipped: chalk.dim,
    pass: chalk.green,
  };
  return {
    status: (status, text) => byStatus[status](text),
    strong: (text) => chalk.bold(text),
    faint: (text) => chalk.dim(text),
    bad: (text) => chalk.red.bold(text),
  };
}

function head(report: Report, view: View, { paint, width }: Style): string {
  const title = view.title === undefined ? [] : paragraphs(view.title, width).map(paint.strong);
  const target = report.target === null ? [] : wrap(targetText(report.target), width).map(paint.faint);
  return [...title, ...target].join('\n');
}

function overview({ overview: summed }: View, style: Style): string {
  return summed === undefined ? '' : table(summed.rows, summed.columns, style);
}

function listing(report: Report, view: View, style: Style): string {
  const items = listedItems(report.items, view);
  if (items.length === 0) return '';
  return view.columns === undefined ? findings(items, style) : table(items, view.columns, style);
}

function notes({ notes = [] }: View, { width }: Style): string {
  return notes.flatMap((note) => paragraphs(note, width)).join('\n');
}

/** Counts, and the error under them; never green while something is unknown. */
function closing(report: Report, view: View, style: Style): string {
  if (report.error === null) return outcomeLine(report, view, style);
  const done = report.items.length === 0 ? [] : [outcomeLine(report, view, style)];
  return [...done, errorLines(report.error, report.exitCode, style)].join('\n\n');
}

/** A table with notes has said in words what the summary counts; findings are counted again, because their list may be long. */
function outcomeLine(report: Report, view: View, { paint, symbols, width }: Style): string {
  const status = outcomeStatus(report);
  const told = view.columns !== undefined && view.notes !== undefined && view.notes.length > 0 && status === 'pass';
  const counted = told ? '' : `: ${counts(report)}`;
  const text = `dbctl ${visible(report.command)}: ${outcomeWords(report)}${counted} (${duration(report.durationMs)})`;
  return wrap(`${symbols.status[status]} ${text}`, width)
    .map((line) => paint.status(status, line))
    .join('\n');
}

function endLine(text: string): string {
  return text.endsWith('\n') || text === '' ? text : `${text}\n`;
}
