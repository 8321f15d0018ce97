import { PROPERTIES } from './properties.ts';
import { RULES } from './rules.ts';

/** Every rule, and what is no finding, as a table of docs/roles.md; the numbers are those of the ways that were tried. */
export function escalationTable(): string {
  const rules = RULES.map(({ id, paths, severity, title, why }) => ({ id, paths, severity, title, why }));
  const properties = PROPERTIES.map((one) => ({ ...one, severity: 'not a finding' }));
  const lines = [...rules, ...properties]
    .toSorted((a, b) => (a.paths[0] ?? LAST) - (b.paths[0] ?? LAST))
    .map(({ id, paths, severity, title, why }) => `| ${paths.join(', ')} | \`${id}\` | ${severity} | ${title} | ${why} |`);
  return ['| way | finding | severity | what | what was done with it |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** Behind those that have a number. */
const LAST = 100;
