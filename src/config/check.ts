import type * as z from 'zod';
import type { ConfigDocument } from './document.ts';
import { explain } from './explain.ts';
import { valueAt } from './layers.ts';
import { dotted } from './path.ts';
import type { Problem } from './problem.ts';
import { configFile } from './schema.ts';

/** Everything wrong with the file by itself, all environments included. `begin` is what to write into an empty one. */
export function checkDocument(
  document: ConfigDocument,
  { schema = configFile, begin = 'version: 1 and project: NAME' }: { readonly schema?: z.ZodType; readonly begin?: string } = {},
): Problem[] {
  const { value, problems, sound } = document;
  if (!sound) return [...problems];
  if (value === undefined) {
    return [...problems, document.problem({ line: 1, column: 1 }, '', 'the file is empty', { hint: `Begin it with ${begin}.` })];
  }
  const { error } = schema.safeParse(value);
  // What could not be read, or is a secret, is said once already.
  const reported = new Set(problems.map(({ path }) => path));
  const complaints = explain(error?.issues ?? [], (path) => ({ value: valueAt(value, path), source: document.source(path) }), {
    file: schema,
  });
  const broken = complaints.filter(({ path }) => !reported.has(dotted(path)));
  return [
    ...problems,
    ...broken.map(({ path, at, message, ...more }) => document.problem(document.place(path)[at], dotted(path), message, more)),
  ];
}
