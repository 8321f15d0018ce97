import type { FileLocation, Item, ReportError, Severity } from '../core/report.ts';
import { itemLocation } from './location.ts';
import { counts, runOutcome } from './outcome.ts';
import type { RunOutcome } from './outcome.ts';
import type { Renderer } from './renderer.ts';
import { sortItems } from './sort.ts';
import { objectText, sameFindings } from './targets.ts';
import { visible, visibleBlock } from '../core/visible.ts';

type Level = 'error' | 'warning' | 'notice';

const LEVELS: Readonly<Record<Severity, Level>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'notice',
  info: 'notice',
};

/**
 * Workflow commands that GitHub Actions shows as annotations, and one plain line with the counts. Worst first, because
 * GitHub shows ten errors, ten warnings and ten notices of a step and drops the rest.
 */
export const render: Renderer = (report, { locate = () => null }) => {
  const outcome = runOutcome(report);
  const lines = [
    ...(outcome === null ? [] : runLines(report.command, outcome)),
    ...sortItems(sameFindings(report.items)).flatMap((item) => itemLines(item, locate(item) ?? itemLocation(item))),
    `dbctl ${visible(report.command)}: ${counts(report)}`,
  ];
  return `${lines.join('\n')}\n`;
};

function runLines(command: string, outcome: RunOutcome): string[] {
  const title = `dbctl ${command}`;
  switch (outcome.kind) {
    case 'broken':
      return [annotation('error', title, errorMessage(outcome.error), outcome.error.position ?? null)];
    case 'no':
      return [annotation('error', title, outcome.message, null)];
    case 'passed':
      return [];
  }
}

function itemLines(item: Item, place: FileLocation | null): string[] {
  const { id, status, severity, message, fix } = item;
  const title = `${id}: ${objectText(item)}`;
  const text = fix === null ? message : `${message}\nfix: ${fix}`;
  switch (status) {
    case 'fail':
      return [annotation(LEVELS[severity], title, text, place)];
    case 'unknown':
      return [annotation('warning', title, `unknown: ${text}`, place)];
    case 'waived':
      return [annotation('notice', title, `waived: ${message}`, place)];
    case 'skipped':
    case 'pass':
      return [];
  }
}

function errorMessage({ code, message, hint, sqlstate, detail }: ReportError): string {
  const lines = [`${message} (${code}${sqlstate === undefined ? '' : `, sqlstate ${sqlstate}`})`];
  if (detail !== undefined) lines.push(detail);
  if (hint !== null) lines.push(`hint: ${hint}`);
  return lines.join('\n');
}

function annotation(level: Level, title: string, message: string, location: FileLocation | null): string {
  const { file, line, column } = location ?? {};
  const properties = Object.entries({ file, line, col: column, title })
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${escapedProperty(visible(String(value)))}`);
  return `::${level} ${properties.join(',')}::${escapedData(visibleBlock(message))}`;
}

/** As the runner takes it back (actions/runner, ActionCommand.cs). */
function escapedData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
