import { inlineText, tableText } from '../../core/markdown.ts';
import type { Section } from './section.ts';

/** How the rows of a section are shown; cells are Markdown. */
export interface Rows<Row> {
  readonly titles: readonly string[];
  readonly row: (row: Row) => readonly string[];
  /** Said above the table. */
  readonly note?: string;
}

export const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  tableText([titles, titles.map(() => '---'), ...rows]);

/** A heading (null: none) and a table, or why there is none: nothing that happened is told from nothing that was seen. */
export function sectionPart<Row>(title: string | null, section: Section<Row>, { titles, row, note }: Rows<Row>): string[] {
  const heading = title === null ? [] : [`## ${title}`];
  if (section.state === 'not there') return [...heading, 'This database keeps no such records.'];
  if (section.state === 'not seen') return [...heading, '**Not seen.**'];
  if (section.rows.length === 0) return [...heading, 'None.'];
  return [...heading, ...(note === undefined ? [] : [note]), table(titles, section.rows.map(row)), ...more(section)];
}

export function list(title: string, section: Section<string>): string[] {
  if (section.rows.length === 0) return [];
  return [title, section.rows.map((line) => `- ${inlineText(line)}`).join('\n'), ...more(section)];
}

const more = ({ more: left }: Section<unknown>): string[] => (left === 0 ? [] : [`And ${left} more.`]);
