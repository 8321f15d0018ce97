import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { render } from '../../../src/render/index.ts';
import type { Format, RenderOptions } from '../../../src/render/index.ts';
import { reportSchema } from '../../../src/render/schema/report.ts';
import { sameFindings } from '../../../src/render/targets.ts';
import { displayWidth } from '../../../src/render/width.ts';
import type { Example } from './reports.ts';
import { parseCommand, parsePrometheus, parseTap, parseXml } from './parsers.ts';

/** What a terminal acts upon, hides, or cannot show; the line feed is the only control character a format needs. */
const RAW = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export const validateReport = compiled(reportSchema, true);
let sarif: ValidateFunction | undefined;

/** Throws where the package with the schema is not installed: no format goes unchecked in silence. */
export function validateSarif(): ValidateFunction {
  sarif ??= compiled(sarifSchema(), false);
  return sarif;
}

/** Fails the test where the text is not what its format promises, whatever the report says. */
export async function expectWellFormed(format: Format, example: Example, options: RenderOptions): Promise<void> {
  const text = await render(format, example.report, { ...options, view: example.view });
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  expect(RAW.exec(text.replaceAll('\t', ''))).toBeNull();
  if (format !== 'github') expect(text.split('\n').map(parseCommand).filter(Boolean)).toEqual([]);
  checks[format](text, example, options);
}

const checks: Readonly<Record<Format, (text: string, example: Example, options: RenderOptions) => void>> = {
  human: expectHuman,
  json: expectJson,
  ndjson: expectNdjson,
  junit: expectJunit,
  sarif: (text) => expectValid(validateSarif(), JSON.parse(text)),
  github: expectGithub,
  tap: (text, { report }) => {
    const points = parseTap(text);
    expect(points.filter(({ ok, directive }) => !ok && directive === null).length).toBe(bad(report));
  },
  markdown: expectMarkdown,
  prometheus: (text, { report }) => {
    const samples = parsePrometheus(text);
    const sum = samples.filter(({ name }) => name === 'dbctl_run_items').reduce((total, { value }) => total + value, 0);
    expect(sum).toBe(report.items.length);
    expect(samples.find(({ name }) => name === 'dbctl_run_exit_code')?.value).toBe(report.exitCode);
  },
};

/** Lines keep to the width, but for what is there to be pasted, and a forged command that wrapping put first on its line. */
function expectHuman(text: string, { view, report }: Example, { width }: RenderOptions): void {
  if (view.text !== undefined && report.error === null) return;
  const pasted = new Set(report.items.flatMap(({ fix }) => (fix === null ? [] : [fix])));
  const overlong = text.split('\n').filter((line) => displayWidth(line.replace(/^( *)\\x3a:/, '$1::')) > width);
  if (pasted.size === 0) expect(overlong).toEqual([]);
}

function expectJson(text: string, { report }: Example): void {
  const document: unknown = JSON.parse(text);
  expectValid(validateReport, document);
  expect(document).toEqual(JSON.parse(JSON.stringify(report)));
}

function expectNdjson(text: string, { report }: Example): void {
  const [head, ...items] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; report: object; item: object });
  const whole = JSON.parse(JSON.stringify(report)) as { items?: unknown };
  expect(items).toEqual((whole.items as object[]).map((item) => ({ type: 'item', item })));
  delete whole.items;
  expect(head).toEqual({ type: 'report', report: whole });
}

function expectJunit(text: string, { report }: Example): void {
  const suites = parseXml(text);
  const cases = suites.children.flatMap(({ children }) => children.filter(({ name }) => name === 'testcase'));
  const outcomes = cases.flatMap(({ children }) => children.map(({ name }) => name));
  expect(suites.attributes['tests']).toBe(String(cases.length));
  expect(cases.length).toBeGreaterThan(0);
  expect(outcomes.filter((name) => name === 'failure' || name === 'error').length).toBe(bad(report));
}

function expectGithub(text: string, { report }: Example): void {
  const commands = text.trimEnd().split('\n').map(parseCommand);
  const names = commands.slice(0, -1).map((command) => command?.name);
  expect(commands.at(-1)).toBeNull();
  expect(names.filter((name) => !['error', 'warning', 'notice'].includes(name ?? ''))).toEqual([]);
  // What targets of a fleet have alike is said once: GitHub shows ten annotations of a kind.
  const items = sameFindings(report.items);
  expect(names.length).toBe(bad({ ...report, items }) + items.filter(({ status }) => status === 'waived').length);
}

/** Outside of fences: no HTML but our own, and every row of a table with the same number of cells. */
function expectMarkdown(text: string): void {
  const lines = withoutFences(text.split('\n'));
  const html = lines.join('\n').replaceAll(/<\/?code>|<br>|<!-- -->/g, '');
  expect(html).not.toMatch(/[<>`]/);
  const rows = lines.filter((line) => line.includes('|'));
  for (const block of lines.join('\n').split('\n\n')) {
    const cells = block.split('\n').flatMap((line) => (line.includes('|') ? [line.split('|').length] : []));
    expect(new Set(cells).size).toBeLessThanOrEqual(1);
  }
  expect(rows.filter((row) => !/^\|.*\|$/.test(row))).toEqual([]);
}

function withoutFences(lines: readonly string[]): string[] {
  let fence: string | null = null;
  const outside = lines.filter((line) => {
    if (fence === null && /^`{3,}$/.test(line)) {
      fence = line;
      return false;
    }
    if (line !== fence) return fence === null;
    fence = null;
    return false;
  });
  expect(fence).toBeNull();
  return outside;
}

/** Items, and a run of its own, that must not look like a pass. */
function bad({ items, ok, error }: Example['report']): number {
  const told = items.filter(({ status }) => status === 'fail' || status === 'unknown').length;
  return told + (error !== null || (!ok && told === 0) ? 1 : 0);
}

function expectValid(validate: ValidateFunction, document: unknown): void {
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
}

function compiled(schema: object, strict: boolean): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict, allowUnionTypes: true, strictRequired: false });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

/** The schema of the standard, as Microsoft's SARIF SDK ships it to npm (its exports hide the file, not its folder). */
function sarifSchema(): object {
  const main = createRequire(import.meta.url).resolve('@microsoft/sarif-multitool-ts');
  return JSON.parse(readFileSync(new URL('../assets/sarif-2.1.0.schema.json', pathToFileURL(main)), 'utf8')) as object;
}
