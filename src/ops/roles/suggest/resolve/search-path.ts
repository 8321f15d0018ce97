/** The schemas of a search_path as it is set, for a role: `"$user"` is its own name; pg_catalog comes first unless it is named. */
export function searchPath(value: string, role: string): string[] {
  const named = [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,"]+?))\s*(?:,|$)/g)]
    .map(([, quoted, plain]) => (quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"')))
    .filter((name) => name !== '')
    .map((name) => (name === '$user' ? role : name));
  return named.includes('pg_catalog') ? named : ['pg_catalog', ...named];
}
