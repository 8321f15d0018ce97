import { describe, expect, it } from 'vitest';
import { testRules, type Rule } from './rules.ts';
import { columnOf, rowsOf, useSchemaDatabase } from './support.ts';
import { SCHEMAS } from './tables.ts';

const database = useSchemaDatabase();

/** Indexes of our tables, those of partitions aside, since they follow their parents. */
const OUR_INDEXES = /* sql */ `
(
  select i.*, c.oid, c.oid::regclass::text as name, c.relam
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  where not c.relispartition and c.relnamespace::regnamespace::text = any ($1)
) i`;

/** What else than the leading columns decides whether one index can stand in for another. */
const SAME_KIND = /* sql */ `
b.indrelid = a.indrelid and b.relam = a.relam and b.oid <> a.oid
and coalesce(pg_catalog.pg_get_expr(b.indpred, b.indrelid), '') = coalesce(pg_catalog.pg_get_expr(a.indpred, a.indrelid), '')
and coalesce(pg_catalog.pg_get_expr(b.indexprs, b.indrelid), '') = coalesce(pg_catalog.pg_get_expr(a.indexprs, a.indrelid), '')
and b.indclass::text || ' ' like a.indclass::text || ' %'`;

const RULES: readonly Rule[] = [
  {
    // Order within the prefix is free; a partial index would not be found by the check of a deleted key.
    name: 'every foreign key has a whole index with its columns in front',
    query: `select k.conname::text from pg_catalog.pg_constraint k
            where k.contype = 'f' and k.conparentid = 0 and k.connamespace::regnamespace::text = any ($1)
              and not exists (
                select from pg_catalog.pg_index i
                where i.indrelid = k.conrelid and i.indpred is null and i.indisvalid
                  and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
              ) order by 1`,
    offence: `create table jobs.offence (
                a uuid constraint offence_none references jobs.jobs (id),
                b uuid constraint offence_second references jobs.jobs (id),
                c uuid constraint offence_partial references jobs.jobs (id),
                d uuid constraint offence_expression references jobs.jobs (id),
                e uuid constraint fine references jobs.jobs (id)
              );
              create index on jobs.offence (e, b);
              create index on jobs.offence (c) where c is not null;
              create index on jobs.offence ((d::text))`,
    finds: ['offence_expression', 'offence_none', 'offence_partial', 'offence_second'],
  },
  {
    name: 'no index is the beginning of another of the same kind',
    query: `select a.name from ${OUR_INDEXES.replace(/\) i$/, ') a')}
            where exists (
              select from ${OUR_INDEXES.replace(/\) i$/, ') b')}
              where ${SAME_KIND}
                and case when b.indkey <> a.indkey then not a.indisunique and b.indkey::text like a.indkey::text || ' %'
                    when b.indisunique = a.indisunique then b.oid < a.oid
                    else b.indisunique end
            ) order by 1`,
    offence: `create index offence_prefix on execution.lab_sessions (user_id);
              create index offence_second_key on content.labs (slug);
              create unique index offence_second_unique on content.lessons (slug);
              create index offence_second_gin on content.labs using gin (config jsonb_path_ops);
              create index offence_second_expression on content.labs ((metadata ->> 'lab_id'));
              create index fine_other_predicate on execution.lab_sessions (user_id) where status = 'FAILED';
              create index fine_other_class on content.labs using gin (config);
              create index fine_other_expression on content.labs ((metadata ->> 'owner'))`,
    finds: [
      'content.offence_second_expression',
      'content.offence_second_gin',
      'content.offence_second_key',
      'content.offence_second_unique',
      'execution.offence_prefix',
    ],
  },
  {
    name: 'every index but a primary key says which query it serves',
    query: `select i.name from ${OUR_INDEXES}
            where not i.indisprimary and coalesce(pg_catalog.obj_description(i.oid, 'pg_class'), '') !~ '^serves: \\S.{9,}' order by 1`,
    offence: `create index offence_silent on content.labs (title);
              create index offence_vague on content.labs (created_at);
              comment on index content.offence_vague is 'serves: ';
              create index offence_parent on audit.audit_log (on_behalf_of)`,
    finds: ['audit.offence_parent', 'content.offence_silent', 'content.offence_vague'],
  },
  {
    name: 'no index is invalid, not ready or not in use',
    query: `select i.indexrelid::regclass::text from pg_catalog.pg_index i
            join pg_catalog.pg_class c on c.oid = i.indexrelid
            where c.relnamespace::regnamespace::text = any ($1) and not (i.indisvalid and i.indisready and i.indislive) order by 1`,
    offence: 'create index offence on only audit.audit_log (on_behalf_of)',
    finds: ['audit.offence'],
  },
];

describe('indexes', () => {
  testRules(() => database.client, RULES, SCHEMAS);

  it('of jsonb are there: GIN for containment, and expressions for single keys', async () => {
    const rows = await columnOf<string>(
      database.client,
      `select pg_catalog.pg_get_indexdef(i.indexrelid) from ${OUR_INDEXES}
       where i.name in ('content.labs_metadata_lab_id_idx', 'content.labs_metadata_idx', 'content.labs_config_idx', 'content.labs_config_runtime_idx')
       order by i.name`,
      [SCHEMAS],
    );
    expect(rows).toEqual([
      'CREATE INDEX labs_config_idx ON content.labs USING gin (config jsonb_path_ops)',
      "CREATE INDEX labs_config_runtime_idx ON content.labs USING btree (((config ->> 'runtime'::text)))",
      'CREATE INDEX labs_metadata_idx ON content.labs USING gin (metadata)',
      "CREATE INDEX labs_metadata_lab_id_idx ON content.labs USING btree (((metadata ->> 'lab_id'::text)))",
    ]);
  });

  it('guard what must be unique but cannot be a plain unique constraint', async () => {
    const rows = await rowsOf(
      database.client,
      `select i.name, pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate from ${OUR_INDEXES}
       where i.indisunique and not i.indisprimary
         and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid) order by 1`,
      [SCHEMAS],
    );
    expect(rows).toEqual([
      { name: 'billing.subscriptions_user_id_key', predicate: "(status <> 'CANCELED'::billing.subscription_status)" },
      { name: 'delivery.repo_session_bindings_repo_url_key', predicate: '(released_at IS NULL)' },
      {
        name: 'execution.verification_jobs_commit_sha_key',
        predicate: "(state = ANY (ARRAY['queued'::execution.verification_state, 'running'::execution.verification_state]))",
      },
      { name: 'identity.users_email_key', predicate: null },
    ]);
  });
});
