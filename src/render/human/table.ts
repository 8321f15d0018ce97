import type { Item } from '../../core/report.ts';
import { cellText, shownColumns } from '../columns.ts';
import type { Columns } from '../columns.ts';
import { visible } from '../../core/visible.ts';
import { displayWidth, pad, wrap } from '../width.ts';
import { objectText } from '../targets.ts';
import { fixLines } from './fix.ts';
import { WORDS } from './style.ts';
import type { Style } from './style.ts';

const GAP = '  ';
/** A column narrower than this breaks every word; the table becomes a list of records instead. */
const MIN_WIDTH = 8;
/** What is as wide as this is sentences, and a column of them narrower than that is a ribbon of single words. */
const PROSE = 40;
const MIN_PROSE = 16;
/** The first column that is no status names the thing, and a name that was broken cannot be copied: up to this share of the terminal it stays whole. */
const NAME_SHARE = 2 / 3;

/**
 * A table in the command's order. Cells too long for the terminal are wrapped, not cut: a name cut short is another name.
 * Each row begins with its symbol where not all pass, and the fixes follow below.
 */
export function table(items: readonly Item[], viewColumns: Columns, style: Style): string {
  const marks = items.some(({ status }) => status !== 'pass');
  const width = style.width - (marks ? 1 + GAP.length : 0);
  const shown = shownColumns(items, viewColumns);
  // Where there is no room for all of them, one that says nothing of any item makes some.
  const filled = shown.filter(({ field }) => items.some((item) => text(item, field) !== ''));
  const laid = layOut(items, shown, width) ?? layOut(items, filled, width);
  if (laid === null) return [...records(items, shown, style), ...fixes(items, style)].join('\n\n');
  const { columns, cells, widths } = laid;
  const rows = items.flatMap((item, index) => rowLines(cells[index] ?? [], columns, widths, rowStart(item, marks, style)));
  return [[...headLines(columns, widths, marks, style), ...rows].join('\n'), ...fixes(items, style)].join('\n\n');
}

interface LaidOut {
  readonly columns: Columns;
  readonly cells: readonly (readonly string[])[];
  readonly widths: readonly number[];
}

/** null: they do not fit. */
function layOut(items: readonly Item[], columns: Columns, width: number): LaidOut | null {
  const cells = items.map((item) => columns.map(({ field }) => text(item, field)));
  const named = columns.findIndex(({ field }) => field !== 'status');
  const widths = fit(named, naturalWidths(columns, cells), wordWidths(columns, cells), timeWidths(columns, cells), width);
  return widths === null ? null : { columns, cells, widths };
}

/** The titles and a rule below them; nothing where no column has a title. */
function headLines(columns: Columns, widths: readonly number[], marks: boolean, style: Style): string[] {
  const titles = columns.map(({ title }) => visible(title));
  if (titles.every((title) => title === '')) return [];
  const [head = ''] = rowLines(titles, columns, widths, marks ? [' ', ' '] : null);
  const rule = `${marks ? ` ${GAP}` : ''}${widths.map((width) => style.symbols.rule.repeat(width)).join(GAP)}`;
  return [style.paint.strong(head), style.paint.faint(rule)];
}

function text(item: Item, field: string): string {
  return field === 'status' ? WORDS[item.status] : visible(cellText(item[field]));
}

function naturalWidths(columns: Columns, cells: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, index) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? '')), displayWidth(visible(title))),
  );
}

/** The longest word of each column, which is how narrow it gets before one is broken. */
function wordWidths(columns: Columns, cells: readonly (readonly string[])[]): number[] {
  const words = cells.map((row) => row.map(longestWord));
  return naturalWidths(columns, []).map((title, index) =>
    words.reduce((widest, row) => Math.max(widest, row[index] ?? 0), title),
  );
}

/** As reports write them: a day, or a moment of it. Nobody reads one that is broken in its middle. */
const TIME = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?$/;

/** The longest time in each column, which is never broken. */
function timeWidths(columns: Columns, cells: readonly (readonly string[])[]): number[] {
  const times = (cell = ''): string[] => cell.split(' ').filter((word) => TIME.test(word));
  return columns.map((_, index) =>
    cells.reduce((widest, row) => Math.max(widest, ...times(row[index]).map(({ length }) => length)), 0),
  );
}

function longestWord(cell: string): number {
  return cell.split(' ').reduce((longest, word) => Math.max(longest, displayWidth(word)), 0);
}

/**
 * Takes from the widest columns until all fit: first what only wraps, then what breaks words. Null where that would break the name in
 * the column of names or a time, or leave a column too narrow to read.
 */
function fit(
  named: number,
  natural: readonly number[],
  words: readonly number[],
  times: readonly number[],
  width: number,
): number[] | null {
  const room = width - GAP.length * (natural.length - 1);
  const name = Math.min(words[named] ?? 0, Math.floor(width * NAME_SHARE));
  const least = natural.map((wide, index) =>
    Math.max(index === named ? name : 0, times[index] ?? 0, wide > PROSE ? MIN_PROSE : MIN_WIDTH),
  );
  const unbroken = words.map((word, index) => ((natural[index] ?? 0) > PROSE ? Math.max(word, MIN_PROSE) : word));
  const widths = shrink(shrink(natural, unbroken, room), least, room);
  return sum(widths) <= room ? widths : null;
}

/** Narrows the widest column that is wider than its least, until all fit or none is left. */
function shrink(widths: readonly number[], least: readonly number[], room: number): number[] {
  const left = [...widths];
  for (let excess = sum(left) - room; excess > 0; excess -= 1) {
    const spare = left.map((each, index) => (each > (least[index] ?? 0) ? each : 0));
    const widest = Math.max(...spare);
    if (widest === 0) return left;
    left[spare.indexOf(widest)] = widest - 1;
  }
  return left;
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, each) => total + each, 0);
}

/** The symbol of the first line and what stands below it on the others. */
type RowStart = readonly [first: string, others: string] | null;

function rowStart({ status }: Item, marks: boolean, style: Style): RowStart {
  return marks ? [style.paint.status(status, style.symbols.status[status]), ' '] : null;
}

function rowLines(cells: readonly string[], columns: Columns, widths: readonly number[], start: RowStart): string[] {
  const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 1));
  const height = Math.max(1, ...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map(({ align }, index) => pad(wrapped[index]?.[line] ?? '', widths[index] ?? 1, align));
    const symbol = start === null ? [] : [start[line === 0 ? 0 : 1]];
    return [...symbol, ...parts].join(GAP).trimEnd();
  });
}

/** `title: value` lines of what an item has, one record an item, for terminals too narrow for the table. */
function records(items: readonly Item[], columns: Columns, style: Style): string[] {
  return items.map((item) => {
    const symbol = style.paint.status(item.status, `${style.symbols.status[item.status]} ${WORDS[item.status]}`);
    const fields = columns
      // The first line has said it.
      .filter(({ field }) => field !== 'status' && text(item, field) !== '')
      .flatMap(({ field, title }) => wrap(`${title === '' ? '' : `${visible(title)}: `}${text(item, field)}`, style.width - 2));
    return [symbol, ...fields.map((line) => `  ${line}`)].join('\n');
  });
}

/** What puts several right at once, such as one GRANT, is said once. */
function fixes(items: readonly Item[], style: Style): string[] {
  const wanting = items.filter(({ status, fix }) => (status === 'fail' || status === 'unknown') && fix !== null);
  const sameFix = new Map<string, { first: Item; objects: string[] }>();
  for (const item of wanting) {
    const key = JSON.stringify([item.id, item.fix]);
    const known = sameFix.get(key);
    if (known === undefined) sameFix.set(key, { first: item, objects: [objectText(item)] });
    else known.objects.push(objectText(item));
  }
  return [...sameFix.values()].map(({ first, objects }) =>
    [
      ...wrap(visible(`${first.id} ${objects.join(', ')}`), style.width).map(style.paint.strong),
      ...fixLines(first, 2, style),
    ].join('\n'),
  );
}
