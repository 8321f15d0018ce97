import { readFile } from 'node:fs/promises';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';
import type { SourcePosition } from '../../core/errors.ts';
import { fail } from '../../core/errors.ts';
import { didYouMean, type HeaderProblem } from '../../core/header.ts';
import type { Severity } from '../../core/report.ts';
import { failOnProblems } from './problems.ts';
import { daysLeft, LONGEST_DAYS, type Waiver } from './waiver.ts';

export interface WaiverRules {
  /** Check id → its severity. */
  readonly checks: ReadonlyMap<string, Severity>;
  /** Names of the environments of the project. */
  readonly environments: readonly string[];
  readonly now: Date;
}

/**
 * The waivers file; one that does not exist holds none.
 * Fails with config.invalid, naming every problem with line and column: unknown keys, checks and environments, a reason of fewer than
 * 20 characters, a day that is none or more than 180 days ahead, a critical check without approved_by.
 */
export async function loadWaivers(path: string, shownAs: string, rules: WaiverRules): Promise<Waiver[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if ((cause as { code?: string }).code === 'ENOENT') return '';
    return fail('config.invalid', `cannot read ${shownAs}`, {
      cause,
      hint: 'Check verify.waivers in dbctl.yaml and the rights of the file.',
    });
  });
  return parseWaivers(shownAs, text, rules);
}

/** The same for a text already read. */
export function parseWaivers(file: string, text: string, rules: WaiverRules): Waiver[] {
  const counter = new LineCounter();
  const lines = text.split(/\r?\n/);
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    lineCounter: counter,
    logLevel: 'error',
  });
  const at = (offset: number): SourcePosition => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col, text: lines[line - 1] ?? '' };
  };
  const problems: HeaderProblem[] = document.errors.map((error) => ({
    message: error.code === 'BAD_ALIAS' ? STAR : error.message.replaceAll('\n', ' '),
    position: at(error.pos[0]),
  }));
  const waivers = problems.length > 0 ? [] : readList(document.contents, { at, problems, rules, file });
  failOnProblems(problems, 'An entry has check, reason, owner and expires, and may have object, environment and approved_by.');
  return waivers;
}

/** `object: *` is the glob everybody writes first, and an alias to YAML. */
const STAR = `a value that starts with * stands in quotes: object: '*'`;

interface Reading {
  readonly at: (offset: number) => SourcePosition;
  readonly problems: HeaderProblem[];
  readonly rules: WaiverRules;
  readonly file: string;
}

function readList(contents: Node | null, reading: Reading): Waiver[] {
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isSeq(contents)) {
    complain(reading, contents, 'expected a list of waivers, each starting with "- check:"');
    return [];
  }
  return contents.items.flatMap((entry) => {
    if (isMap(entry)) return readWaiver(entry, reading);
    complain(reading, entry as Node, 'expected a waiver with the keys check, reason, owner and expires');
    return [];
  });
}

const REQUIRED = ['check', 'reason', 'owner', 'expires'] as const;
const KEYS = [...REQUIRED, 'object', 'environment', 'approved_by'] as const;
type Key = (typeof KEYS)[number];
type Entry = Partial<Record<Key, { readonly value: string; readonly node: Node }>>;

function readWaiver(map: YAMLMap, reading: Reading): Waiver[] {
  const before = reading.problems.length;
  const entry = readKeys(map, reading);
  for (const key of REQUIRED) if (!map.has(key)) complain(reading, map, `missing key "${key}"`);
  judge(entry, map, reading);
  if (reading.problems.length > before) return [];
  const text = (key: Key) => entry[key]?.value;
  return [
    {
      check: text('check') ?? '',
      object: text('object') ?? '*',
      environment: text('environment') ?? null,
      reason: text('reason') ?? '',
      owner: text('owner') ?? '',
      expires: text('expires') ?? '',
      approvedBy: text('approved_by') ?? null,
      file: reading.file,
      line: reading.at(map.range?.[0] ?? 0).line,
    },
  ];
}

function readKeys(map: YAMLMap, reading: Reading): Entry {
  const entry: Entry = {};
  for (const { key: keyNode, value: node } of map.items as { key: Node; value: Node | null }[]) {
    const key = isScalar(keyNode) ? String(keyNode.value) : '';
    if (!isKey(key)) complain(reading, keyNode, `unknown key "${key}"${didYouMean(key, KEYS)}`);
    else if (isAlias(node)) complain(reading, node, STAR);
    else if (node === null || !isScalar(node) || typeof node.value !== 'string' || node.value.trim() === '')
      complain(reading, node ?? keyNode, `"${key}" takes a text`);
    else entry[key] = { value: node.value.trim(), node };
  }
  return entry;
}

function isKey(key: string): key is Key {
  return (KEYS as readonly string[]).includes(key);
}

const SHORTEST_REASON = 20;

function judge({ check, environment, reason, expires, approved_by: approval }: Entry, map: YAMLMap, reading: Reading): void {
  const severity = check === undefined ? undefined : reading.rules.checks.get(check.value);
  if (check !== undefined && severity === undefined) {
    complain(reading, check.node, `no check "${check.value}"${didYouMean(check.value, [...reading.rules.checks.keys()])}`);
  }
  if (environment !== undefined && !reading.rules.environments.includes(environment.value)) {
    const { value, node } = environment;
    complain(reading, node, `no environment "${value}"${didYouMean(value, reading.rules.environments)}`);
  }
  if (severity === 'critical' && approval === undefined)
    complain(reading, map, `check "${check?.value}" is critical: its waiver needs approved_by`);
  if (reason !== undefined && reason.value.length < SHORTEST_REASON) {
    complain(
      reading,
      reason.node,
      `reason has ${reason.value.length} characters, and ${SHORTEST_REASON} are the least: say why, and what has to happen first`,
    );
  }
  if (expires === undefined) return;
  if (!isDay(expires.value)) return complain(reading, expires.node, `"${expires.value}" is no day such as 2027-01-31`);
  const days = daysLeft(expires.value, reading.rules.now);
  if (days > LONGEST_DAYS)
    complain(
      reading,
      expires.node,
      `expires in ${days} days, and ${LONGEST_DAYS} are the most: what lasts longer belongs in dbctl.yaml`,
    );
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function complain(reading: Reading, node: Node, message: string): void {
  reading.problems.push({ message, position: reading.at(node.range?.[0] ?? 0) });
}
