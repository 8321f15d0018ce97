import type { Item, ReportError } from '../core/report.ts';
import { jsonLine } from './json-text.ts';
import { counts, runOutcome } from './outcome.ts';
import type { RunOutcome } from './outcome.ts';
import type { Renderer } from './renderer.ts';
import { objectText } from './targets.ts';
import { visible, visibleBlock } from '../core/visible.ts';

interface Point {
  readonly ok: boolean;
  readonly description: string;
  readonly directive?: string;
  readonly diagnostics?: Readonly<Record<string, unknown>>;
}

/**
 * TAP 14, one test point an item in the command's order: unknown is `not ok` (it must not look like a pass), waived is
 * `not ok … # TODO` (a harness counts it as expected to fail), skipped is `ok … # SKIP`.
 */
export const render: Renderer = (report) => {
  const outcome = runOutcome(report);
  const points = [...(outcome === null ? [] : [runPoint(report.command, outcome)]), ...report.items.map(itemPoint)];
  const lines = points.flatMap((point, index) => pointLines(point, index + 1));
  return ['TAP version 14', `1..${points.length}`, ...lines, `# dbctl ${visible(report.command)}: ${counts(report)}`, ''].join(
    '\n',
  );
};

function runPoint(command: string, outcome: RunOutcome): Point {
  const description = `dbctl ${command}`;
  switch (outcome.kind) {
    case 'broken':
      return { ok: false, description, diagnostics: errorDiagnostics(outcome.error) };
    case 'no':
      return { ok: false, description, diagnostics: { message: outcome.message } };
    case 'passed':
      return { ok: true, description };
  }
}

function itemPoint(item: Item): Point {
  const description = `${item.id} ${objectText(item)}`;
  switch (item.status) {
    case 'fail':
    case 'unknown':
      return { ok: false, description, diagnostics: itemDiagnostics(item) };
    case 'waived':
      return { ok: false, description, directive: `TODO waived: ${item.message}`, diagnostics: itemDiagnostics(item) };
    case 'skipped':
      return { ok: true, description, directive: `SKIP ${item.message}` };
    case 'pass':
      return { ok: true, description };
  }
}

function pointLines({ ok, description, directive, diagnostics }: Point, number: number): string[] {
  const end = directive === undefined ? '' : ` # ${escaped(directive)}`;
  const line = `${ok ? 'ok' : 'not ok'} ${number} - ${escaped(description)}${end}`.trimEnd();
  if (diagnostics === undefined) return [line];
  const pairs = Object.entries(diagnostics).map(([key, value]) => `  ${key}: ${jsonLine(value)}`);
  return [line, '  ---', ...pairs, '  ...'];
}

/**
 * `#` and `\` are escaped with `\` (TAP 14). A brace at the very end would open a subtest to node-tap, so it is shown as an
 * escape.
 */
function escaped(text: string): string {
  return visible(text)
    .trim()
    .replace(/\{$/, '\\x7b')
    .replaceAll(/[\\#]/g, (character) => `\\${character}`);
}

/** JSON values are YAML values. */
function itemDiagnostics({ status, severity, message, fix, detail }: Item): Record<string, unknown> {
  return {
    message: visibleBlock(message),
    status,
    severity,
    ...(fix !== null && { fix: visibleBlock(fix) }),
    ...(detail !== null && { detail }),
  };
}

function errorDiagnostics({ code, message, hint, sqlstate, detail, position }: ReportError): Record<string, unknown> {
  return {
    message: visibleBlock(message),
    code,
    ...(sqlstate !== undefined && { sqlstate }),
    ...(detail !== undefined && { detail: visibleBlock(detail) }),
    ...(position !== undefined && { at: { file: position.file, line: position.line, column: position.column } }),
    ...(hint !== null && { hint: visibleBlock(hint) }),
  };
}
