import type { Report } from '../core/report.ts';
import type { RendererModule, RenderOptions } from './renderer.ts';

export type { RenderOptions } from './renderer.ts';

/** Values of `--format` and of the left side of `--out FORMAT=PATH`. */
export const FORMATS = ['human', 'json', 'ndjson', 'junit', 'sarif', 'github', 'tap', 'markdown', 'prometheus'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * Each format loads when it is asked for, so that only `human` pays for chalk.
 *
 * Order of items: json, ndjson, junit, sarif and tap keep the command's own (a machine compares, and migrations come by
 * version); github, and human and markdown where the view has no columns, put the worst first ({@link sortItems}).
 */
export const renderers: Readonly<Record<Format, () => Promise<RendererModule>>> = {
  human: () => import('./human.ts'),
  json: () => import('./json.ts'),
  ndjson: () => import('./ndjson.ts'),
  junit: () => import('./junit.ts'),
  sarif: () => import('./sarif.ts'),
  github: () => import('./github.ts'),
  tap: () => import('./tap.ts'),
  markdown: () => import('./markdown.ts'),
  prometheus: () => import('./prometheus.ts'),
};

/** Formats that put items at a line of a file ({@link RenderOptions.locate}). */
export const POINTING: ReadonlySet<Format> = new Set<Format>(['sarif', 'github']);

/** The whole text of `report` in `format`, final newline included. */
export async function render(format: Format, report: Report, options: RenderOptions): Promise<string> {
  const renderer = await renderers[format]();
  return renderer.render(report, options);
}
