import type { Item, Report, ReportError } from '../core/report.ts';
import { jsonText } from './json-text.ts';
import { runOutcome } from './outcome.ts';
import type { Renderer } from './renderer.ts';
import { fleetDurations, targetOf } from './targets.ts';
import { element, textElement } from './xml.ts';

type Verdict = 'passed' | 'failure' | 'error' | 'skipped';
interface Case {
  readonly verdict: Verdict;
  readonly xml: string;
}

/**
 * JUnit XML as Jenkins, GitLab and GitHub's reporters read it: one testcase an item, items in the command's order. fail is a
 * failure, unknown an error (it must not look like a pass), waived and skipped are skipped with the reason. A run that says
 * something its items do not ({@link runOutcome}) is a testcase of its own.
 */
export const render: Renderer = (report) => {
  const classname = `dbctl.${report.command.replaceAll(' ', '.')}`;
  const groups = suitesOf(report, classname);
  const suites = element(
    'testsuites',
    {
      name: `dbctl ${report.command}`,
      ...totalsOf(
        report.durationMs,
        groups.flatMap(({ cases }) => cases),
      ),
    },
    groups.map(({ name, cases, durationMs }) =>
      element('testsuite', { name, ...totalsOf(durationMs, cases), ...environment(report) }, [
        ...properties(report),
        ...cases.map(({ xml }) => xml),
      ]),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suites}\n`;
};

interface Suite {
  readonly name: string;
  readonly durationMs: number;
  readonly cases: readonly Case[];
}

/** One for each target of a fleet, and one for what is about none; in a report about one database that is all there is. */
function suitesOf(report: Report, classname: string): Suite[] {
  const byTarget = new Map<string, Case[]>([['', runCase(report, classname)]]);
  for (const item of report.items) {
    const target = targetOf(item) ?? '';
    const cases = byTarget.get(target) ?? [];
    cases.push(itemCase(item, suiteName(classname, target)));
    byTarget.set(target, cases);
  }
  const filled = [...byTarget].filter(([, cases]) => cases.length > 0 || byTarget.size === 1);
  const durations = fleetDurations(report);
  return filled.map(([target, cases]) => ({
    name: suiteName(classname, target),
    durationMs: durations.get(target) ?? report.durationMs,
    cases,
  }));
}

const suiteName = (classname: string, target: string): string => (target === '' ? classname : `${classname}.${target}`);

function totalsOf(durationMs: number, cases: readonly Case[]) {
  const count = (wanted: Verdict) => cases.filter(({ verdict }) => verdict === wanted).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: seconds(durationMs),
  };
}

/** The schemas most consumers copied take no fraction and no zone in a timestamp; ours is UTC. */
function environment({ startedAt, target }: Report) {
  const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(startedAt)?.[0];
  return { timestamp, hostname: target?.host };
}

function properties({ target }: Report): string[] {
  if (target === null) return [];
  const { env, host, port, database, serverVersion, systemIdentifier } = target;
  const known = Object.entries({ env, host, port, database, serverVersion, systemIdentifier }).filter(
    ([, value]) => value !== null,
  );
  return [
    element(
      'properties',
      {},
      known.map(([name, value]) => element('property', { name, value: value ?? '' })),
    ),
  ];
}

function runCase(report: Report, classname: string): Case[] {
  const outcome = runOutcome(report);
  if (outcome === null) return [];
  const name = `dbctl ${report.command}`;
  switch (outcome.kind) {
    case 'broken':
      return [testcase('error', { classname, name }, outcome.message, outcome.error.code, errorText(outcome.error))];
    case 'no':
      return [testcase('failure', { classname, name }, outcome.message, 'no', outcome.message)];
    case 'passed':
      return [testcase('passed', { classname, name }, outcome.message, '', '')];
  }
}

function itemCase(item: Item, classname: string): Case {
  const { id, object, status, severity, message } = item;
  const attributes = { classname, name: `${id} ${object}`.trim(), time: itemTime(item) };
  switch (status) {
    case 'fail':
      return testcase('failure', attributes, message, severity, itemText(item));
    case 'unknown':
      return testcase('error', attributes, `unknown: ${message}`, 'unknown', itemText(item));
    case 'waived':
    case 'skipped':
      return testcase('skipped', attributes, `${status}: ${message}`, undefined, '');
    case 'pass':
      return testcase('passed', attributes, message, undefined, '');
  }
}

function testcase(
  verdict: Verdict,
  attributes: Readonly<Record<string, string | undefined>>,
  message: string,
  type: string | undefined,
  text: string,
): Case {
  switch (verdict) {
    case 'passed':
      return { verdict, xml: element('testcase', attributes) };
    case 'skipped':
      return { verdict, xml: element('testcase', attributes, [element('skipped', { message })]) };
    case 'failure':
    case 'error':
      return { verdict, xml: element('testcase', attributes, [textElement(verdict, { message, type }, text)]) };
  }
}

function itemText({ severity, message, fix, detail }: Item): string {
  const parts = [message, `severity: ${severity}`];
  if (fix !== null) parts.push(`fix:\n${fix}`);
  if (detail !== null) parts.push(`detail: ${jsonText(detail)}`);
  return parts.join('\n');
}

function errorText({ message, hint, sqlstate, detail, position }: ReportError): string {
  const parts = [message];
  if (position !== undefined) parts.push(`at ${position.file}:${position.line}:${position.column}`);
  if (detail !== undefined) parts.push(detail);
  if (sqlstate !== undefined) parts.push(`sqlstate: ${sqlstate}`);
  if (hint !== null) parts.push(`hint: ${hint}`);
  return parts.join('\n');
}

/** Only where the command measured the item itself. */
function itemTime(item: Item): string | undefined {
  const measured = item['durationMs'];
  return typeof measured === 'number' ? seconds(measured) : undefined;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
