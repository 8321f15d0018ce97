import type { DatabaseFunction } from '../immutability/function.ts';

const RECORD_SEGMENT: DatabaseFunction = {
  name: 'record_segment',
  args: 'given jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  settings: ["timezone = 'UTC'", "datestyle = 'ISO, MDY'"],
  comment: 'records the copy of a fenced partition: keys are the columns of dbctl.archive_segment',
  body: /* sql */ `
declare
  found oid;
begin
  select p.relation into found
  from dbctl.protected_relation p
  join pg_catalog.pg_constraint k on k.conrelid = p.relation and k.conname = 'dbctl_fence'
  where p.relation = (given ->> 'relation')::pg_catalog.oid and p.relation <> p.root;
  if found is null then
    raise exception using
      errcode = 'IM014',
      message = pg_catalog.format('%s is no fenced partition of a protected table', coalesce(given ->> 'partition_name', 'it')),
      hint = 'Fence it first: what is inserted after the copy would not be in it.';
  end if;
  insert into dbctl.archive_segment
    (segment, relation, table_name, partition_name, bound, rows, rows_hash, hashed_by, oldest_at, newest_at,
     hot_bytes, cold_bytes, format, uri, manifest_sha256, retain_until, detail)
  select s.segment, p.relation::pg_catalog.oid::pg_catalog.int8,
         pg_catalog.format('%s.%s', r.schema_name, r.table_name), pg_catalog.format('%s.%s', p.schema_name, p.table_name),
         pg_catalog.pg_get_expr(c.relpartbound, c.oid), s.rows, s.rows_hash, s.hashed_by, s.oldest_at, s.newest_at,
         pg_catalog.pg_total_relation_size(p.relation), s.cold_bytes, s.format, s.uri, s.manifest_sha256, s.retain_until,
         coalesce(s.detail, '{}')
  from pg_catalog.jsonb_populate_record(null::dbctl.archive_segment, given) s
  join dbctl.protected_relation p on p.relation = found
  join dbctl.protected_relation r on r.relation = p.root
  join pg_catalog.pg_class c on c.oid = p.relation;
end`,
};

/** What was found in the copy is given, and compared here: who verifies cannot say yes to something else. */
const VERIFY_SEGMENT: DatabaseFunction = {
  name: 'verify_segment',
  args: 'given_segment text, rows bigint, rows_hash text, manifest_sha256 text, detail jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'records that a copy was read back from where it is, with what was found in it; for somebody else than the one who exported it',
  body: /* sql */ `
declare
  s dbctl.archive_segment;
begin
  select a.* into s from dbctl.archive_segment a where a.segment = given_segment;
  if s.segment is null then
    raise exception using errcode = '22023', message = pg_catalog.format('there is no segment %s', given_segment);
  elsif (s.rows, s.rows_hash, s.manifest_sha256) is distinct from
        (verify_segment.rows, verify_segment.rows_hash, verify_segment.manifest_sha256)
  then
    raise exception using
      errcode = 'IM013',
      message = pg_catalog.format('the copy %s is not what was exported', given_segment),
      detail = pg_catalog.format('Exported: %s rows, %s, manifest %s. Read back: %s rows, %s, manifest %s.',
        s.rows, s.rows_hash, s.manifest_sha256, verify_segment.rows, verify_segment.rows_hash, verify_segment.manifest_sha256);
  end if;
  insert into dbctl.archive_event (segment, kind, detail) values (given_segment, 'verified', coalesce(verify_segment.detail, '{}'));
end`,
};

/** Those that others call first. */
export const COPY_FUNCTIONS: readonly DatabaseFunction[] = [RECORD_SEGMENT, VERIFY_SEGMENT];
