/** Role that owns the protected tables of the laboratory. `lab_own` is a member of it, which nobody may be in earnest. */
export const OWNER = 'lab_owner';

/** Who attacks. All but the superuser are login roles named lab_…. */
export const ACTORS = {
  ins: 'an application role: insert and select, and every right on the parents of foreign keys',
  all: 'grant all on every table before the guards came',
  trig: 'nothing but select and trigger',
  own: 'a member of the owner of the tables',
  sch: 'owner of the schema, not of the tables',
  db: 'owner of the database',
  wad: 'a member of pg_write_all_data',
  mnt: 'a member of pg_maintain',
  par: 'grant all, and may set session_replication_role',
  opar: 'a member of the owner who may set event_triggers',
  mig: 'a member of dbctl_owner, as one who migrates without being a superuser',
  sup: 'a superuser',
} as const;
export type Actor = keyof typeof ACTORS;

export const roleOf = (actor: Actor): string => (actor === 'sup' ? 'postgres' : `lab_${actor}`);

/** Roles belong to the whole server: made once. */
export const ROLES: readonly string[] = [
  `create role ${OWNER} nologin`,
  'create role dbctl_owner nologin',
  ...Object.keys(ACTORS)
    .filter((actor) => actor !== 'sup')
    .map((actor) => `create role lab_${actor} login password 'lab'`),
  `grant ${OWNER} to lab_own, lab_opar`,
  'grant dbctl_owner to lab_mig',
  'grant pg_write_all_data to lab_wad',
  'grant pg_maintain to lab_mnt',
  'grant set on parameter session_replication_role to lab_par',
  'grant set on parameter event_triggers to lab_opar',
];

/** Every shape of the reference: what a row guard, a truncate guard, a grant or an event trigger alone would miss. */
export const TABLES = /* sql */ `
create schema vault authorization lab_sch;
grant usage on schema vault to public;
grant usage, create on schema vault, public to ${OWNER};
create schema evil;
grant all on schema evil to public;
create extension lo;
set search_path = vault, public;

create type kind as enum ('a', 'b');
create type pair as (x int, y text);
create domain short as text check (length(value) < 100);
create table place (street text, town text);

create table parent (id int primary key, name text);
create table plain (
  id bigint generated always as identity primary key,
  parent_id int not null references parent,
  note text not null,
  label text unique,
  amount int not null default 1 check (amount < 1000000),
  doubled int generated always as (amount * 2) stored,
  at timestamptz not null default '2026-01-01Z',
  recorded_xid xid8 not null default pg_current_xact_id());
create index plain_note_idx on plain (note);
create table reference (id int primary key, plain_id bigint references plain);

create table log (
  id uuid not null default uuidv7(),
  at timestamptz not null,
  note text not null,
  amount int not null default 1,
  recorded_xid xid8 not null default pg_current_xact_id(),
  primary key (id, at)) partition by range (at);
create table log_2025 partition of log for values from ('2025-01-01Z') to ('2026-01-01Z');
create table log_2026 partition of log for values from ('2026-01-01Z') to ('2027-01-01Z') partition by range (at);
create table log_2026_h1 partition of log_2026 for values from ('2026-01-01Z') to ('2026-07-01Z');
create table log_2026_h2 partition of log_2026 for values from ('2026-07-01Z') to ('2027-01-01Z');
create table log_rest partition of log default;

create table typed (
  id int primary key,
  kind kind not null,
  pair pair not null,
  short short not null,
  place place,
  note text not null,
  loud text generated always as (upper(note)) virtual);

create table p_cascade (id int primary key);
create table p_null (id int primary key);
create table p_default (id int primary key);
create table child (
  id int primary key,
  by_cascade int references p_cascade on delete cascade on update cascade,
  by_null int references p_null on delete set null,
  by_default int default 0 references p_default on delete set default);

create table base (id int primary key, note text not null);
create table heir (extra text) inherits (base);
create table holder (id int primary key, content oid);
create table public.open_log (id int primary key, note text not null);

create view plain_view as select id, note, amount from plain;
create function change_plain() returns void language sql security definer as $$update vault.plain set note = 'forged'$$;
create function evil.nothing() returns trigger language plpgsql as $$begin return null; end$$;
create function evil.pass() returns trigger language plpgsql as $$begin return coalesce(new, old); end$$;
create function evil.forge() returns trigger language plpgsql as $$begin new.note := 'forged'; return new; end$$;
create function evil.boom(anyelement) returns int language plpgsql immutable as $$begin raise 'boom'; end$$;
create function evil.one(anyelement) returns int language sql immutable as $$select 1$$;
create operator evil.=== (leftarg = int, rightarg = int, function = int4eq);

insert into parent values (1, 'one'), (2, 'two'), (3, 'three');
insert into plain (parent_id, note, label, amount) values (1, 'first', 'l1', 10), (2, 'second', 'l2', 20), (1, 'third', 'l3', 30);
insert into reference values (1, 1);
insert into log (id, at, note) values
  ('00000000-0000-7000-8000-000000000001', '2025-03-01Z', 'x'), ('00000000-0000-7000-8000-000000000002', '2026-03-01Z', 'y'),
  ('00000000-0000-7000-8000-000000000003', '2026-09-01Z', 'z'), ('00000000-0000-7000-8000-000000000004', '2031-01-01Z', 'w');
insert into typed values (1, 'a', (1, 'p'), 's', ('road', 'ham'), 'n'), (2, 'b', (2, 'q'), 't', null, 'm');
insert into p_cascade values (0), (1), (2);
insert into p_null values (0), (1), (2);
insert into p_default values (0), (1), (2);
insert into child values (1, 1, 1, 1), (2, 2, 2, 2);
insert into base values (1, 'b1');
insert into heir values (2, 'h1', 'e');
insert into public.open_log values (1, 'o1');
reset search_path;`;

/** Names as dbctl.yaml would list them, with what must be accepted to guard them at all. */
export const PROTECTED = [
  { schema: 'vault', name: 'plain', generated: ['id', 'at', 'recorded_xid'], accept: [] },
  { schema: 'vault', name: 'log', generated: ['id', 'recorded_xid'], accept: [] },
  { schema: 'vault', name: 'typed', generated: [], accept: ['enum', 'composite', 'domain', 'virtual-column'] },
  { schema: 'vault', name: 'child', generated: [], accept: ['cascade'] },
  { schema: 'vault', name: 'base', generated: [], accept: ['inheritance'] },
  { schema: 'vault', name: 'holder', generated: [], accept: ['large-object'] },
  { schema: 'public', name: 'open_log', generated: [], accept: [] },
] as const;

/** Tables and partitions below them, in the order of the schema. */
export const FAMILY = [
  ...['plain', 'log', 'log_2025', 'log_2026', 'log_2026_h1', 'log_2026_h2', 'log_rest', 'typed', 'child', 'base', 'heir', 'holder'].map(
    (name) => `vault.${name}`,
  ),
  'public.open_log',
] as const;

const PARENTS = 'vault.parent, vault.p_cascade, vault.p_null, vault.p_default, vault.reference';

/** Owners, grants and a large object, after the tables. */
export const GRANTS: readonly string[] = [
  ...FAMILY.map((table) => `alter table ${table} owner to ${OWNER}`),
  `alter view vault.plain_view owner to ${OWNER}`,
  `alter function vault.change_plain() owner to ${OWNER}`,
  ...['type vault.kind', 'type vault.pair', 'domain vault.short', 'table vault.place'].map((type) => `alter ${type} owner to ${OWNER}`),
  `grant all on ${PARENTS} to lab_ins, lab_all, lab_par, ${OWNER}`,
  `grant select on ${PARENTS} to public`,
  `grant select on ${FAMILY.join(', ')} to public`,
  `grant insert on ${FAMILY.join(', ')} to lab_ins`,
  `grant all on ${FAMILY.join(', ')} to lab_all, lab_par`,
  `grant trigger on ${FAMILY.join(', ')} to lab_trig`,
  'grant all on vault.plain_view to lab_all, lab_par',
  'grant select on vault.plain_view to public',
];

/** The creator of a large object owns it, here the application. */
export const LARGE_OBJECT: readonly string[] = [
  "insert into vault.holder select 1, lo_from_bytea(4242, 'content')",
  'alter large object 4242 owner to lab_ins',
];
