import type { FileLocation, Item, Report, View } from '../core/report.ts';

/** How a report is shown; nothing in here changes what it says. */
export interface RenderOptions {
  /** Escape sequences for colour; only `human` uses them. */
  readonly color: boolean;
  /** Columns of the terminal; 0 or less: lines are as long as they are. */
  readonly width: number;
  /** It is a terminal, and breaks what is longer. Default false. */
  readonly terminal?: boolean;
  readonly view?: View;
  /** Where an item stands in the repository; null where it says so itself. */
  readonly locate?: (item: Item) => FileLocation | null;
  /** dbctl's own version, for formats that name their producer. */
  readonly toolVersion: string;
  /** false: symbols and lines from ASCII only. Default true. */
  readonly unicode?: boolean;
}

/** A format: one pure function from a report to the whole text, final newline included. Never throws. */
export type Renderer = (report: Report, options: RenderOptions) => string;

/** What every file of a format exports. */
export interface RendererModule {
  readonly render: Renderer;
}
