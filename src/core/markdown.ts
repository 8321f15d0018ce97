import { visible, visibleBlock } from './visible.ts';

/** The underscore only where it is not inside of a word: `lab_attempts` is no emphasis. */
const MARKS = /[&<>`*[\]|~\\$@#]|^[-+=]|(?<=^\d+)[.)]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;

/**
 * Text that means nothing but itself in Markdown, in a paragraph and in a cell: what Markdown and HTML are made of becomes character
 * references, a line feed a break. GitHub looks for mentions and issue numbers after rendering: an empty comment parts them.
 */
export function inlineText(text: string): string {
  return visibleBlock(text)
    .trim()
    .replaceAll(MARKS, (mark) => (mark === '@' || mark === '#' ? `${mark}<!-- -->` : `&#${mark.charCodeAt(0)};`))
    .replaceAll('\n', '<br>')
    .replaceAll('\t', ' ');
}

/** As code, which is where GitHub links nothing; not backticks, which cannot hold every name. */
export function codeText(text: string): string {
  return text.trim() === '' ? '' : `<code>${inlineText(visible(text))}</code>`;
}

/** A code block whose fence is longer than any run of backticks in the text. */
export function fencedText(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((length, run) => Math.max(length, run.length), 0);
  const marks = '`'.repeat(Math.max(3, longest + 1));
  return `${marks}\n${visibleBlock(text).trimEnd()}\n${marks}`;
}

/** The rows of a table, the first its head, the second its rules. Cells are Markdown already. */
export function tableText(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
