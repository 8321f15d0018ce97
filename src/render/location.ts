import type { FileLocation, Item } from '../core/report.ts';
import type { Json } from '../core/json.ts';

/** The place an item's `detail` names with `file`, `line` and `column`; null where it names none. */
export function itemLocation(item: Item): FileLocation | null {
  const { detail } = item;
  if (detail === null || typeof detail !== 'object' || Array.isArray(detail)) return null;
  const { file, line, column } = detail as { readonly [key: string]: Json | undefined };
  if (typeof file !== 'string' || file === '') return null;
  if (!isOrdinal(line)) return { file };
  return isOrdinal(column) ? { file, line, column } : { file, line };
}

/** `file:line:column`, as editors and terminals make it a link. */
export function locationText({ file, line, column }: FileLocation): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

function isOrdinal(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}
