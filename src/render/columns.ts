import type { Json } from '../core/json.ts';
import { atLeast, type Item, type View } from '../core/report.ts';
import { jsonText } from './json-text.ts';

export type Columns = NonNullable<View['columns']>;

/** The items a view lists. */
export function listedItems(items: readonly Item[], view: View): readonly Item[] {
  const { hidden = [], least } = view;
  if (hidden.length === 0 && least === undefined) return items;
  const isSmall = ({ status, severity }: Item): boolean => status === 'fail' && least !== undefined && !atLeast(severity, least);
  return items.filter((item) => !hidden.includes(item.status) && !isSmall(item));
}

/** The view's columns, but for those without title and text, and the message where an item is not as wanted and no column would say why. */
export function shownColumns(items: readonly Item[], viewColumns: Columns): Columns {
  const columns = viewColumns.filter(({ field, title }) => title !== '' || items.some((item) => cellText(item[field]) !== ''));
  const explained = columns.some(({ field }) => field === 'message');
  const wanting = items.some(({ status }) => status === 'fail' || status === 'unknown');
  return wanting && !explained ? [...columns, { field: 'message', title: 'message' }] : columns;
}

/** A field as people read it; not yet safe to print ({@link visible}). */
export function cellText(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? jsonText(value) : String(value);
}
