import { describe, expect, it } from 'vitest';
import { testRules, type Rule } from './rules.ts';
import { columnOf, rowsOf, useSchemaDatabase } from './support.ts';
import { PROTECTED_TABLES } from './tables.ts';

const database = useSchemaDatabase();

/** The protected tables and their partitions. */
const PROTECTED = /* sql */ `
(
  select c.oid, c.oid::regclass::text as name, c.relrowsecurity, c.relforcerowsecurity
  from pg_catalog.pg_class c
  cross join unnest($1::text[]) as root (name)
  where c.oid in (select tree.relid from pg_catalog.pg_partition_tree(root.name::regclass) tree)
    or c.oid = root.name::regclass
) t`;

const RULES: readonly Rule[] = [
  {
    // An enum value can be renamed and a domain's check changed: both would rewrite history without touching a row.
    name: 'every column has a plain type of PostgreSQL itself',
    query: `select t.name || '.' || a.attname from ${PROTECTED}
            join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
            join pg_catalog.pg_type y on y.oid = a.atttypid
            where y.typtype <> 'b' or y.typcategory = 'A' or y.typnamespace <> 'pg_catalog'::regnamespace order by 1`,
    offence: `create domain content.offence as text;
              alter table content.lab_versions add column a content.difficulty, add column b text[], add column c content.offence,
                add column d content.labs, add column e tstzrange`,
    finds: ['a', 'b', 'c', 'd', 'e'].map((column) => `content.lab_versions.${column}`),
  },
  {
    name: 'no foreign key from or to it does anything by itself',
    query: `select k.conname::text from pg_catalog.pg_constraint k
            where k.contype = 'f' and k.conparentid = 0
              and (k.conrelid in (select t.oid from ${PROTECTED}) or k.confrelid in (select t.oid from ${PROTECTED}))
              and not (k.confdeltype in ('a', 'r') and k.confupdtype in ('a', 'r')) order by 1`,
    offence: `create table jobs.offence (
                a uuid constraint offence_from_cascade references content.lab_versions (id) on delete cascade,
                b uuid constraint offence_from_null references content.lab_versions (id) on update set null,
                c uuid constraint fine references content.lab_versions (id) on delete restrict);
              alter table execution.verification_attempts
                add column a uuid constraint offence_to_cascade references jobs.jobs (id) on delete cascade,
                add column b uuid constraint offence_to_default references jobs.jobs (id) on delete set default`,
    finds: ['offence_from_cascade', 'offence_from_null', 'offence_to_cascade', 'offence_to_default'],
  },
  {
    name: 'nothing can hide or rewrite a row: no row-level security, policy, rule or trigger',
    query: `select t.name || ' security' from ${PROTECTED} where t.relrowsecurity or t.relforcerowsecurity
            union all select t.name || ' policy ' || p.polname from ${PROTECTED} join pg_catalog.pg_policy p on p.polrelid = t.oid
            union all select t.name || ' rule ' || r.rulename from ${PROTECTED} join pg_catalog.pg_rewrite r on r.ev_class = t.oid
            union all select t.name || ' trigger ' || g.tgname from ${PROTECTED}
                      join pg_catalog.pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
            order by 1`,
    offence: `alter table audit.audit_log enable row level security;
              create policy offence on content.lab_versions using (true);
              create rule offence as on delete to content.lesson_versions do instead nothing;
              create trigger offence before insert on delivery.snapshot_events_default for each row execute function shared.set_updated_at()`,
    finds: [
      'audit.audit_log security',
      'content.lab_versions policy offence',
      'content.lesson_versions rule offence',
      'delivery.snapshot_events_default trigger offence',
    ],
  },
  {
    name: 'the transaction of every row is recorded for the ledger, and indexed',
    query: `select t.name from ${PROTECTED}
            where not exists (
              select from pg_catalog.pg_attribute a
              join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
              join pg_catalog.pg_index i on i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indpred is null
              where a.attrelid = t.oid and a.attname = 'recorded_xid' and a.atttypid = 'xid8'::regtype and a.attnotnull
                and pg_catalog.pg_get_expr(d.adbin, d.adrelid) = 'pg_current_xact_id()'
            ) order by 1`,
    offence: `alter table content.lab_versions alter column recorded_xid drop default;
              drop index execution.proof_artifacts_recorded_xid_idx`,
    finds: ['content.lab_versions', 'execution.proof_artifacts'],
  },
];

describe('protected tables', () => {
  testRules(() => database.client, RULES, PROTECTED_TABLES);

  it('are looked at with all their partitions', async () => {
    const names = await columnOf<string>(database.client, `select t.name from ${PROTECTED} order by 1`, [PROTECTED_TABLES]);
    expect(names).toEqual(expect.arrayContaining([...PROTECTED_TABLES, 'audit.audit_log_default']));
    // Four plain tables; three partitioned ones with a default partition, last month, this month and three ahead.
    expect(names).toHaveLength(4 + 3 * (1 + 1 + 5));
  });

  it('keep closed lists as text with a check', async () => {
    const rows = await rowsOf<{ name: string; definition: string }>(
      database.client,
      `select k.conname as name, pg_catalog.pg_get_constraintdef(k.oid) as definition from pg_catalog.pg_constraint k
       where k.contype = 'c' and k.conrelid = any ($1::regclass[]) and pg_catalog.pg_get_constraintdef(k.oid) ~ '= ANY \\(ARRAY' order by 1`,
      [PROTECTED_TABLES],
    );
    const lists = rows.map(({ name, definition }) => [
      name,
      ...[...definition.matchAll(/'(\w+)'::text/g)].map((match) => match[1]),
    ]);
    expect(lists).toEqual([
      ['audit_log_actor_type_check', 'user', 'service', 'system', 'job'],
      ['audit_log_outcome_check', 'success', 'failure', 'denied'],
      ['proof_artifacts_artifact_type_check', 'LOG', 'DIFF', 'SCREENSHOT'],
      ['snapshot_events_event_type_check', 'CAPTURED', 'STORED', 'VERIFIED', 'DELIVERED', 'EXPIRED'],
      ['verification_attempts_logs_check', 'object', 'array'],
      ['verification_attempts_result_check', 'PASS', 'FAIL'],
    ]);
  });
});
