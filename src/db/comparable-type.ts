/**
 * SQL over a row `a` of pg_attribute: the type a text is read as to be compared with the column. Without its length, to which a cast would cut the
 * value, and not as `character` or `bit`, which by themselves have a length of 1.
 */
export const COMPARABLE_TYPE = `case a.atttypid when 'pg_catalog.bpchar'::pg_catalog.regtype then 'pg_catalog.bpchar'
              when 'pg_catalog.bit'::pg_catalog.regtype then 'pg_catalog.varbit' else pg_catalog.format_type(a.atttypid, null) end`;
