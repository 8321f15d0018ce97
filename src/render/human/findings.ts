import { STATUSES } from '../../core/report.ts';
import type { Item } from '../../core/report.ts';
import { itemLocation, locationText } from '../location.ts';
import { sortItems } from '../sort.ts';
import { objectText, sameFindings } from '../targets.ts';
import { visible } from '../../core/visible.ts';
import { displayWidth, pad, wrap } from '../width.ts';
import { fixLines } from './fix.ts';
import { paragraphs } from './lines.ts';
import { WORDS } from './style.ts';
import type { Style } from './style.ts';

/** Room for the longest status (UNKNOWN) and severity (critical): the ids stand in one column. */
const STATUS_WIDTH = 7;
const SEVERITY_WIDTH = 8;

/**
 * Items worst first, each as `symbol status severity  id  object`, its message below, then where it is and the fix on lines
 * of its own, so that it can be pasted. Passing items take one line.
 */
export function findings(items: readonly Item[], style: Style): string {
  const sorted = sortItems(sameFindings(items));
  const severityWidth = items.some(showsSeverity) ? SEVERITY_WIDTH : 0;
  const groups = STATUSES.map((status) => sorted.filter((item) => item.status === status)).filter(({ length }) => length > 0);
  return groups.map((group) => group.map((item) => finding(item, severityWidth, style)).join(separator(group))).join('\n\n');
}

/** How bad it would be says nothing about what is as wanted or does not apply. */
function showsSeverity({ status }: Item): boolean {
  return status !== 'pass' && status !== 'skipped';
}

function separator([first]: readonly Item[]): string {
  return first !== undefined && showsSeverity(first) ? '\n\n' : '\n';
}

function finding(item: Item, severityWidth: number, style: Style): string {
  const head = headingText(item, severityWidth);
  if (!showsSeverity(item)) return shortFinding(item, head, style);
  const location = itemLocation(item);
  const place = location === null ? [] : wrap(`at ${visible(locationText(location))}`, style.width - 4);
  const body = [...paragraphs(item.message, style.width - 4), ...place].map((line) => `    ${line}`);
  return [...heading(item, head, style), ...body, ...fixLines(item, 4, style)].join('\n');
}

/** Message on the same line where it fits. */
function shortFinding(item: Item, head: HeadingText, style: Style): string {
  const lines = heading(item, head, style);
  const message = visible(item.message);
  const fits = lines.length === 1 && displayWidth(`${head.join('  ')}  ${message}`) <= style.width;
  if (fits) return `${lines[0]}  ${message}`.trimEnd();
  return [...lines, ...paragraphs(item.message, style.width - 4).map((line) => `    ${line}`)].join('\n');
}

/** One line; the object moves to the next where the terminal is too narrow, and is broken, never cut short. */
function heading(item: Item, [label, id, object]: HeadingText, style: Style): string[] {
  const painted = `${style.paint.status(item.status, `${style.symbols.status[item.status]}${label.slice(1)}`)}  `;
  const fits = displayWidth(`${label}  ${id}  ${object}`) <= style.width;
  if (fits) return [`${painted}${id}  ${style.paint.strong(object)}`.trimEnd()];
  const [first = '', ...more] = wrap(id, style.width - displayWidth(label) - 2);
  const rest = [...more, ...wrap(object, style.width - 4)].map((line) => `    ${style.paint.strong(line)}`);
  return [`${painted}${first}`, ...rest];
}

type HeadingText = readonly [label: string, id: string, object: string];

/** The label as wide as it will be; its symbol, one column whichever it is, is put in when it is painted. */
function headingText(item: Item, severityWidth: number): HeadingText {
  const severity = pad(showsSeverity(item) ? item.severity : '', severityWidth);
  const label = [`? ${pad(WORDS[item.status], STATUS_WIDTH)}`, ...(severityWidth === 0 ? [] : [severity])].join(' ');
  return [label, visible(item.id), visible(objectText(item))];
}
