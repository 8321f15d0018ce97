/** Readers as strict as the formats' own definitions: each throws where a tolerant one would guess. */
import { expect } from 'vitest';
import { parse as parseYaml } from 'yaml';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** XML 1.0, production 2 (Char). */
const XML_CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const XML_TOKEN =
  /<(?<open>[A-Za-z][\w.-]*)(?<attributes>(?: [A-Za-z][\w.-]*="[^"<]*")*)(?<empty>\/?)>|<\/(?<close>[A-Za-z][\w.-]*)>|(?<text>[^<]+)/gy;
const XML_ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** A document of elements, attributes and text, as XML 1.0 defines them; no comments, CDATA, DTD. */
export function parseXml(document: string): XmlElement {
  if (!document.startsWith(XML_DECLARATION)) throw new Error('no XML declaration');
  if (!XML_CHARACTERS.test(document)) throw new Error('a character XML forbids');
  const body = document.slice(XML_DECLARATION.length).trimEnd();
  const root = { name: '', attributes: {}, children: [] as XmlElement[], text: '' };
  const open = [root];
  let end = 0;
  for (const match of body.matchAll(XML_TOKEN)) {
    end = match.index + match[0].length;
    const parent = open.at(-1);
    if (parent === undefined) throw new Error('text after the root');
    const { open: name, attributes = '', empty, close, text } = match.groups ?? {};
    if (text !== undefined) parent.text += unescapeXml(text, /]]>/);
    else if (name !== undefined) {
      const element = { name, attributes: parseAttributes(attributes), children: [], text: '' };
      parent.children.push(element);
      if (empty === '') open.push(element);
    } else if (open.pop()?.name !== close) throw new Error(`</${close}> closes nothing`);
  }
  if (end !== body.length) throw new Error(`not XML: ${body.slice(end, end + 80)}`);
  const [element] = root.children;
  if (open.length !== 1 || element === undefined || root.children.length !== 1) throw new Error('not one closed root');
  return element;
}

function parseAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of source.matchAll(/ ([A-Za-z][\w.-]*)="([^"<]*)"/g)) {
    if (name in attributes) throw new Error(`attribute ${name} twice`);
    attributes[name] = unescapeXml(value, /[\n\r\t]/);
  }
  return attributes;
}

function unescapeXml(text: string, forbidden: RegExp): string {
  if (forbidden.test(text)) throw new Error(`${String(forbidden)} in ${text}`);
  return text.replaceAll(/&([a-z]*;?)/g, (_, name: string) => {
    const character = name.endsWith(';') ? XML_ENTITIES[name.slice(0, -1)] : undefined;
    if (character === undefined) throw new Error(`&${name} is no reference`);
    return character;
  });
}

export interface TapPoint {
  readonly ok: boolean;
  readonly description: string;
  readonly directive: string | null;
  readonly reason: string;
  readonly diagnostics: Readonly<Record<string, unknown>> | null;
}

const TAP_POINT =
  /^(?<not>not )?ok (?<number>\d+) -(?: (?<description>(?:\\[\\#]|[^\\#])*?))?(?: # (?<directive>SKIP|TODO)(?: (?<reason>.*))?)?$/;

/** A TAP 14 stream with its plan first, every point numbered, YAML blocks, and comments after the last point. */
export function parseTap(stream: string): TapPoint[] {
  const lines = stream.split('\n');
  if (lines.pop() !== '' || lines.shift() !== 'TAP version 14') throw new Error('no version line, or no final line feed');
  const plan = Number(/^1\.\.(\d+)$/.exec(lines.shift() ?? '')?.[1]);
  const points: TapPoint[] = [];
  while (lines.length > 0 && !(lines[0] ?? '').startsWith('# ')) points.push(parsePoint(lines, points.length + 1));
  if (points.length !== plan) throw new Error(`planned ${plan}, came ${points.length}`);
  const stray = lines.find((line) => !line.startsWith('# '));
  if (stray !== undefined) throw new Error(`not TAP: ${stray}`);
  return points;
}

function parsePoint(lines: string[], number: number): TapPoint {
  const line = lines.shift() ?? '';
  const groups = TAP_POINT.exec(line)?.groups;
  if (groups === undefined || Number(groups['number']) !== number) throw new Error(`not test point ${number}: ${line}`);
  if (/(?<!\\)(?:\\\\)*\{$/.test(line)) throw new Error(`opens a subtest: ${line}`);
  return {
    ok: groups['not'] === undefined,
    description: unescapeTap(groups['description'] ?? ''),
    directive: groups['directive'] ?? null,
    reason: unescapeTap(groups['reason'] ?? ''),
    diagnostics: lines[0] === '  ---' ? parseDiagnostics(lines) : null,
  };
}

function parseDiagnostics(lines: string[]): Record<string, unknown> {
  const end = lines.indexOf('  ...');
  if (end < 0) throw new Error('YAML block without an end');
  const block = lines.splice(0, end + 1).slice(1, -1);
  if (!block.every((line) => line.startsWith('  '))) throw new Error('YAML block not indented');
  return parseYaml(block.map((line) => line.slice(2)).join('\n'), { strict: true, maxAliasCount: 0 }) as Record<string, unknown>;
}

function unescapeTap(text: string): string {
  return text.replaceAll(/\\([\\#])/g, '$1');
}

export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** As actions/runner reads a line of a job's log (ActionCommand.cs), any name being a command: null where there is none. */
export function parseCommand(line: string): WorkflowCommand | null {
  const message = line.trimStart();
  const end = message.startsWith('::') ? message.indexOf('::', 2) : -1;
  if (end < 0) return parseOldCommand(line);
  const info = message.slice(2, end);
  if (!/^[A-Za-z]/.test(info)) return parseOldCommand(line);
  const space = info.indexOf(' ');
  const properties: Record<string, string> = {};
  for (const pair of space > 0
    ? info
        .slice(space + 1)
        .trim()
        .split(',')
        .filter(Boolean)
    : []) {
    const [, key, value] = /^([^=]+)=([^]+)$/.exec(pair) ?? [];
    if (key !== undefined && value !== undefined) properties[key] = unescapeProperty(value);
  }
  return { name: space < 0 ? info : info.slice(0, space), properties, data: unescapeData(message.slice(end + 2)) };
}

/** `##[name]data`, wherever in the line; Azure's and TeamCity's commands look alike. */
function parseOldCommand(line: string): WorkflowCommand | null {
  const match = /##[a-z]*\[([A-Za-z][^\]]*)\](.*)/.exec(line);
  return match === null ? null : { name: match[1] ?? '', properties: {}, data: match[2] ?? '' };
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','));
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The text exposition format 0.0.4, strictly: each metric has HELP and TYPE before its samples, and its samples in one block. */
export function parsePrometheus(text: string): Sample[] {
  expect(text.endsWith('\n')).toBe(true);
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest] = comment;
      if (kind === 'HELP') expect(seen.has(name)).toBe(false);
      else expect(['counter', 'gauge']).toContain(rest);
      seen.add(name);
      current = name;
      continue;
    }
    const sample = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (-?[0-9.]+(?:e[+-]?\d+)?|NaN)$/.exec(line);
    expect(sample, line).not.toBeNull();
    const [, name = '', labelText = '', value] = sample ?? [];
    expect(name).toBe(current);
    samples.push({ name, labels: parseLabels(labelText), value: Number(value) });
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\["\\n])*)"(,|$)/g)];
  expect(pairs.map(([whole]) => whole).join('')).toBe(text);
  return Object.fromEntries(
    pairs.map(([, label, value = '']) => [label, value.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))]),
  );
}
