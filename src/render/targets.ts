import type { Item, Report } from '../core/report.ts';

/** The target of a fleet that an item is about; null in a report about one database. */
export function targetOf({ target }: Item): string | null {
  return typeof target === 'string' && target !== '' ? target : null;
}

/** What an item is about, with its target in front, for formats that have one name for it. */
export function objectText(item: Item): string {
  const target = targetOf(item);
  if (target === null || target === item.object) return item.object;
  return item.object === '' ? target : `${target}: ${item.object}`;
}

/** Whose names stand before `and 12 more`. */
const MOST_NAMED = 3;

/** For people: what several targets say alike is one item that names them; machines get each. In the order of the first of each. */
export function sameFindings(items: readonly Item[]): readonly Item[] {
  if (!items.some((item) => targetOf(item) !== null)) return items;
  const alike = new Map<string, Item[]>();
  for (const item of items) {
    const { id, object, status, severity, message, fix } = item;
    const key = JSON.stringify(id === 'target-seen' ? [object] : [id, object, status, severity, message, fix]);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, [item]);
    else known.push(item);
  }
  return [...alike.values()].map(merged);
}

function merged(items: readonly Item[]): Item {
  const [first] = items as [Item];
  const names = items.map((item) => targetOf(item) ?? '');
  const rest = names.length - MOST_NAMED;
  const target = rest <= 0 ? names.join(', ') : `${names.slice(0, MOST_NAMED).join(', ')} and ${rest} more`;
  return { ...first, target };
}

interface Fleet {
  readonly file?: unknown;
  readonly labels?: unknown;
  readonly targets?: unknown;
}

function fleetOf({ summary: { fleet } }: Report): Fleet {
  return typeof fleet === 'object' && fleet !== null && !Array.isArray(fleet) ? (fleet as Fleet) : {};
}

/** How long each target took, by name. */
export function fleetDurations(report: Report): ReadonlyMap<string, number> {
  const { targets } = fleetOf(report);
  const known = (Array.isArray(targets) ? targets : []) as readonly { readonly name: string; readonly durationMs: number }[];
  return new Map(known.map(({ name, durationMs }) => [name, durationMs]));
}

/** Which part of a fleet a report is about: a second shard must not replace the first where reports are collected. */
export function fleetWords(report: Report): readonly string[] {
  const { file, labels } = fleetOf(report);
  return [file, ...(Array.isArray(labels) ? labels : [])].filter((word) => typeof word === 'string');
}
