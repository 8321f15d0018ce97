import type { Report, ReportError } from '../../core/report.ts';
import { runOutcome } from '../outcome.ts';
import type { RunOutcome } from '../outcome.ts';
import { physicalLocation } from './location.ts';
import { message } from './message.ts';

/** How the run itself went; findings do not make it unsuccessful, an error does. */
export function invocation(report: Report): object {
  const outcome = runOutcome(report);
  return {
    executionSuccessful: report.error === null,
    exitCode: report.exitCode,
    ...(isDateTime(report.startedAt) && { startTimeUtc: report.startedAt }),
    toolExecutionNotifications: outcome === null ? [] : notifications(outcome),
    properties: { durationMs: report.durationMs, summary: report.summary },
  };
}

function notifications(outcome: RunOutcome): object[] {
  switch (outcome.kind) {
    case 'broken':
      return [errorNotification(outcome.error)];
    case 'no':
      return [{ level: 'error', message: message(outcome.message) }];
    case 'passed':
      return [];
  }
}

function errorNotification({ code, message: text, hint, sqlstate, detail, position }: ReportError): object {
  const lines = [text, ...(detail === undefined ? [] : [detail]), ...(hint === null ? [] : [hint])];
  return {
    descriptor: { id: code },
    level: 'error',
    message: message(lines.join('\n')),
    ...(position !== undefined && { locations: [physicalLocation(position)] }),
    ...(sqlstate !== undefined && { properties: { sqlstate } }),
  };
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}
