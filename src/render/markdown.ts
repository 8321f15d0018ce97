import { codeText as code, fencedText as fence, inlineText as inline, tableText } from '../core/markdown.ts';
import type { Item, Report, ReportError, View } from '../core/report.ts';
import { cellText, listedItems, shownColumns } from './columns.ts';
import type { Columns } from './columns.ts';
import { locationText } from './location.ts';
import { counts, duration, outcomeStatus, outcomeWords } from './outcome.ts';
import type { Renderer } from './renderer.ts';
import { sortItems } from './sort.ts';
import { objectText, sameFindings } from './targets.ts';

/** GitHub refuses a step summary above 1 MiB; with messages of usual length this stays below half of that. */
const MAX_ROWS = 500;

const WORDS = { fail: '❌ fail', unknown: '❓ unknown', waived: '🟡 waived', skipped: '⚪ skipped', pass: '✅ pass' } as const;

/**
 * GitHub-flavoured Markdown for `$GITHUB_STEP_SUMMARY` and for comments: heading, error, one table, the fixes as code blocks,
 * notes. Items worst first, or in the command's order where the view has columns.
 */
export const render: Renderer = (report, { view = {} }) => {
  const blocks = [
    `## ${heading(report)}`,
    ...(view.title === undefined ? [] : [inline(view.title)]),
    ...target(report),
    ...(report.error === null ? [] : [errorBlock(report.error)]),
    ...(view.overview === undefined ? [] : [table(view.overview.rows, view.overview.columns)]),
    ...(view.text === undefined ? listing(report.items, view) : [fence(view.text)]),
    ...notes(view),
    ...(view.text !== undefined && report.items.length === 0 ? [] : [closing(report)]),
  ];
  return `${blocks.join('\n\n')}\n`;
};

function heading(report: Report): string {
  const symbol = { fail: '❌', unknown: '❓', pass: '✅' }[outcomeStatus(report)];
  return `${symbol} dbctl ${inline(report.command)}: ${outcomeWords(report)}`;
}

function closing(report: Report): string {
  return `**${inline(counts(report))}** in ${duration(report.durationMs)}`;
}

function target({ target }: Report): string[] {
  if (target === null) return [];
  const { env, database, host, port, serverVersion } = target;
  const version = serverVersion === null ? '' : `, PostgreSQL ${serverVersion}`;
  return [inline(`${env}: ${database} on ${host}:${port}${version}`)];
}

function errorBlock({ code, message, hint, sqlstate, detail, position }: ReportError): string {
  const lines = [`error: ${message}`, `code: ${code}`];
  if (position !== undefined) lines.push(`at: ${locationText(position)}`);
  if (position?.text !== undefined) lines.push(`    ${position.text}`);
  if (detail !== undefined) lines.push(detail);
  if (sqlstate !== undefined) lines.push(`sqlstate: ${sqlstate}`);
  if (hint !== null) lines.push(`hint: ${hint}`);
  return fence(lines.join('\n'));
}

function listing(items: readonly Item[], view: View): string[] {
  const listed = listedItems(view.columns === undefined ? sortItems(sameFindings(items)) : items, view);
  if (listed.length === 0) return [];
  const shown = listed.slice(0, MAX_ROWS);
  const rest = listed.length - shown.length;
  return [
    view.columns === undefined ? findings(shown) : table(shown, shownColumns(shown, view.columns)),
    ...(rest === 0 ? [] : [`and ${rest} more: the json format has all of them`]),
    ...fixes(shown),
  ];
}

function findings(items: readonly Item[]): string {
  const rows = items.map((item) => [
    WORDS[item.status],
    item.severity,
    code(item.id),
    code(objectText(item)),
    inline(item.message),
  ]);
  return tableText([['Status', 'Severity', 'Check', 'Object', 'Message'], Array(5).fill('---'), ...rows]);
}

/** The status always has a column: nothing that is unknown may look like the rest. */
function table(items: readonly Item[], columns: Columns): string {
  const head = ['Status', ...columns.map(({ title }) => inline(title))];
  const rules = ['---', ...columns.map(({ align }) => (align === 'right' ? '---:' : '---'))];
  const rows = items.map((item) => [WORDS[item.status], ...columns.map(({ field }) => inline(cellText(item[field])))]);
  return tableText([head, rules, ...rows]);
}

function fixes(items: readonly Item[]): string[] {
  const fixable = items.filter(({ status, fix }) => status !== 'pass' && fix !== null);
  if (fixable.length === 0) return [];
  return ['### Fixes', ...fixable.flatMap((item) => [`${code(item.id)} ${code(objectText(item))}`, fence(item.fix ?? '')])];
}

function notes({ notes = [] }: View): string[] {
  return notes.length === 0 ? [] : [notes.map((note) => `- ${inline(note)}`).join('\n')];
}
