import type { JsonObject, Json } from '../../core/json.ts';
import { ident, literal } from '../../db/ident.ts';

/** `{name}`, or `{name:kind}`. Braces around anything else are text. */
const PLACEHOLDER = /\{([a-z_]+)(?::([a-z]*))?\}/g;
const KINDS = ['ident', 'literal', 'sql'] as const;
type Kind = (typeof KINDS)[number];

/** The names a fix takes from a finding's `data`, and the placeholders that are wrong. */
export function fixPlaceholders(template: string): { readonly names: readonly string[]; readonly wrong: readonly string[] } {
  const matches = [...template.matchAll(PLACEHOLDER)];
  const isWrong = (kind: string | undefined) => kind !== undefined && !isKind(kind);
  return {
    names: matches.filter(([, , kind]) => !isWrong(kind)).map(([, name = '']) => name),
    wrong: matches.filter(([, , kind]) => isWrong(kind)).map(([, name, kind]) => `${name}:${kind}`),
  };
}

/**
 * Fills a fix with the user's own names, from the row's `data`:
 * `{name}` (or `{name:ident}`) as a quoted identifier, `{name:literal}` as a quoted value, `{name:sql}` as it is, for statements and
 * numbers the check's own query has built and quoted with format(). A name `data` does not have stays as it stands, to be seen.
 */
export function fillFix(template: string, data: JsonObject): string {
  return template.replace(PLACEHOLDER, (whole, name: string, kind: string | undefined = 'ident') => {
    const value = data[name];
    return value === undefined || value === null || !isKind(kind) ? whole : quoted(kind, value);
  });
}

function quoted(kind: Kind, value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  switch (kind) {
    case 'ident':
      return ident(text);
    case 'literal':
      return literal(text);
    case 'sql':
      return text;
  }
}

function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text);
}
