import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/config.ts';
import { withSession } from '../../src/db/session.ts';
import { installGuards } from '../../src/ops/immutability/install.ts';
import { immutabilitySettings } from '../../src/ops/immutability/settings.ts';
import { onServer, targetOf, databaseUrl } from '../../test/support/connection.ts';

/** Tables are spread over so many schemas. */
const SCHEMAS = 20;
/** Without a number said, one table in a hundred is append-only, and not more than these: the reference project has seven. */
const MOST_GUARDED = 50;

/** A project whose dbctl.yaml guards some of the tables; the folder is what `dbctl` runs in. */
export async function benchProject(folder: string, tables: number, guardedTables = guardedOf(tables)): Promise<Config> {
  await mkdir(folder, { recursive: true });
  const guarded = Array.from(
    { length: Math.min(guardedTables, tables) },
    (_, index) => `    - { table: ${tableName(index)}, generated: [id, at] }\n`,
  );
  const immutability = guarded.length === 0 ? '' : `immutability:\n  tables:\n${guarded.join('')}`;
  await writeFile(join(folder, 'dbctl.yaml'), `version: 1\nproject: bench\n${immutability}`);
  return (await loadConfig({ cwd: folder, env: 'dev', variables: {} })).config;
}

const guardedOf = (tables: number): number => Math.min(MOST_GUARDED, Math.floor(tables / 100));
const tableName = (index: number): string => `bench_${index % SCHEMAS}.t${index}`;

/**
 * A database of so many tables, each with a primary key, five more columns, a foreign key to the table before, an index for it and one besides;
 * with grants to 50 roles, and for each ten tables a function, a view, a trigger and a policy; for each hundred one with twelve partitions.
 */
export async function makeBenchDatabase(url: string, name: string, tables: number, config: Config): Promise<void> {
  await onServer(url, `create database ${name} template template0`);
  await onServer(url, ROLES);
  const own = databaseUrl(url, name);
  await onServer(own, ...Array.from({ length: SCHEMAS }, (_, schema) => `create schema bench_${schema}`), FUNCTION);
  const step = 250;
  for (let from = 0; from < tables; from += step) await onServer(own, someTables(from, Math.min(from + step, tables)));
  const settings = immutabilitySettings(config);
  if (settings.tables.length > 0) {
    await withSession(targetOf(url, name), { access: 'write', statementTimeoutMs: 0 }, (session) =>
      installGuards(session, settings),
    );
  }
  await onServer(own, 'vacuum analyze');
}

const ROLES = `do $$ begin
  for i in 0 .. 49 loop
    if pg_catalog.to_regrole('bench_role_' || i) is null then execute pg_catalog.format('create role bench_role_%s nologin', i); end if;
  end loop;
end $$`;

const FUNCTION = `create function bench_0.touch() returns trigger language plpgsql set search_path = pg_catalog as 'begin return new; end'`;

const someTables = (from: number, to: number): string => `do $$ declare t text; s text; begin
  for i in ${from} .. ${to - 1} loop
    s := 'bench_' || i % ${SCHEMAS};
    t := s || '.t' || i;
    execute pg_catalog.format('create table %s (id bigint generated always as identity primary key, before bigint%s, name text not null, note text,
      amount numeric(12, 2) check (amount >= 0), at timestamptz not null default pg_catalog.now())', t,
      case when i > 0 then ' references bench_' || (i - 1) % ${SCHEMAS} || '.t' || (i - 1) else '' end);
    execute pg_catalog.format('create index on %s (before)', t);
    execute pg_catalog.format('create index on %s (name, at)', t);
    execute pg_catalog.format('grant select, insert on %s to bench_role_%s', t, i % 50);
    if i % 10 = 5 then
      execute pg_catalog.format('create function %s.f%s(bigint) returns bigint language sql stable as ''select $1''', s, i);
      execute pg_catalog.format('create view %s.v%s as select id, name from %s', s, i, t);
      execute pg_catalog.format('create trigger touch before update on %s for each row execute function bench_0.touch()', t);
      execute pg_catalog.format('alter table %s enable row level security', t);
      execute pg_catalog.format('create policy p%s on %s using (true)', i, t);
    end if;
    if i % 100 = 50 then
      execute pg_catalog.format('create table %s.p%s (id bigint, at date not null, primary key (id, at)) partition by range (at)', s, i);
      for month in 1 .. 12 loop
        execute pg_catalog.format('create table %s.p%s_%s partition of %1$s.p%2$s for values from (%4$L) to (%5$L)', s, i, month,
          pg_catalog.make_date(2026, month, 1), pg_catalog.make_date(2026, month, 1) + interval '1 month');
      end loop;
    end if;
  end loop;
end $$`;
