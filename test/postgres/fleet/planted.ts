/** A check of the project, whose query has `object` and `detail`. */
export const checkText = (id: string, query: string, more = ''): string =>
  `--! title: ${id} is as wanted\n--! severity: high\n--! group: shop\n--! scope: database\n${more}--! why: Because.\n--! fix: none\n--! refs: the project\n${query}\n`;

/** Finds tables by the name `planted`. */
export const PLANTED = `select pg_catalog.format('%I.%I', n.nspname, c.relname) as object, 'it was planted' as detail, null::jsonb as data
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relname = 'planted' order by 1`;
