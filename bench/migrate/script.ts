/** One of the migrations every tool gets: the same SQL, whatever the tool wraps around it. */
export interface Script {
  /** From 1. */
  readonly number: number;
  readonly slug: string;
  readonly sql: string;
}

/** The first migrations of a project: each creates a table with a primary key and inserts a row. */
export function scripts(count: number): readonly Script[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const table = `bench_${String(number).padStart(4, '0')}`;
    const sql = `create table ${table} (
  id bigint primary key,
  name text not null
);
insert into ${table} (id, name) values (1, 'first');
`;
    return { number, slug: 'create-bench', sql };
  });
}

/** Tables of {@link scripts} that exist and hold something, for the check that a tool did what it says. */
export const COUNT_APPLIED = `
select count(*)::int as applied
from pg_catalog.pg_class
where relname like 'bench\\_%' and relkind = 'r' and pg_catalog.pg_relation_size(oid) > 0`;
