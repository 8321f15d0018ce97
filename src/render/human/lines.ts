import { visible, visibleBlock } from '../../core/visible.ts';
import { wrap } from '../width.ts';

/** Each line of the text wrapped to `width` columns. */
export function paragraphs(text: string, width: number): string[] {
  return visibleBlock(text)
    .trimEnd()
    .split('\n')
    .flatMap((line) => wrap(line.replaceAll('\t', '    '), width));
}

/** The text's own lines, never broken: for what is pasted. */
export function indented(text: string, depth: number): string[] {
  return visibleBlock(text)
    .trimEnd()
    .split('\n')
    .map((line) => `${' '.repeat(depth)}${line}`.trimEnd());
}

/** `env: database on host:port, PostgreSQL version`, on one line. */
export function targetText(target: {
  readonly env: string;
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly serverVersion: string | null;
}): string {
  const version = target.serverVersion === null ? '' : `, PostgreSQL ${target.serverVersion}`;
  return visible(`${target.env}: ${target.database} on ${target.host}:${target.port}${version}`);
}
