import type { Report } from '../core/report.ts';
import { errorDocument, itemDocument, reportHead } from './json.ts';
import { jsonText } from './json-text.ts';
import type { Renderer } from './renderer.ts';

/**
 * One JSON object a line: `{"type":"report","report":{…}}` (the document of the json format without its items), then
 * `{"type":"item","item":{…}}` for each item in the command's order. Wrapped, because an item may have a `type` of its own.
 */
export const render: Renderer = (report) => {
  const lines = [
    { type: 'report', report: withoutItems(report) },
    ...report.items.map((item) => ({ type: 'item', item: itemDocument(item) })),
  ];
  return lines.map((line) => `${jsonText(line)}\n`).join('');
};

function withoutItems(report: Report) {
  return { ...reportHead(report), error: report.error && errorDocument(report.error) };
}
