import { item, type Item } from '../../core/report.ts';
import type { Check } from './check.ts';
import { needText } from './need.ts';

/** One item per check, without a server: what `--list` shows. */
export function catalogue(checks: readonly Check[]): Item[] {
  return checks.map(({ id, file, scope, severity, title, group, since, until, needs, params, why }) =>
    item({
      id,
      object: scope,
      severity,
      message: title,
      title,
      group,
      since,
      until,
      needs: needs.map(needText),
      params,
      why,
      file,
    }),
  );
}

/** The files as they are published, one after another: what `--print-sql` shows. */
export function checksText(checks: readonly Check[]): string {
  return checks.map(({ file, text }) => `-- ${file}\n${text.trimEnd()}\n`).join('\n');
}
