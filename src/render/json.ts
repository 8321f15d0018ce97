import type { Item, Report, ReportError, Target } from '../core/report.ts';
import type { JsonObject } from '../core/json.ts';
import { jsonText } from './json-text.ts';
import type { Renderer } from './renderer.ts';

/** Contract C3: one document, two spaces, keys in the contract's order, items in the command's order. */
export const render: Renderer = (report) => `${jsonText(reportDocument(report), 2)}\n`;

/** The report with exactly the contract's keys: whatever else an object carries (a view) stays out. */
function reportDocument(report: Report): JsonObject {
  return { ...reportHead(report), items: report.items.map(itemDocument), error: report.error && errorDocument(report.error) };
}

/** The document without items and error. */
export function reportHead(report: Report): JsonObject {
  return {
    schema: report.schema,
    command: report.command,
    ok: report.ok,
    exitCode: report.exitCode,
    startedAt: report.startedAt,
    durationMs: report.durationMs,
    target: report.target && targetDocument(report.target),
    summary: report.summary,
  };
}

/** The common fields first, a command's own ones behind them. */
export function itemDocument(item: Item): JsonObject {
  const { id, object, status, severity, message, fix, detail, ...more } = item;
  return { id, object, status, severity, message, fix, detail, ...more };
}

export function errorDocument(error: ReportError): JsonObject {
  const { code, message, hint, sqlstate, detail, position } = error;
  return {
    code,
    message,
    hint,
    ...(sqlstate !== undefined && { sqlstate }),
    ...(detail !== undefined && { detail }),
    ...(position !== undefined && { position: { ...position } }),
  };
}

function targetDocument({ env, host, port, database, serverVersion, systemIdentifier }: Target): JsonObject {
  return { env, host, port, database, serverVersion, systemIdentifier };
}
