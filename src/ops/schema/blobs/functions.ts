import type { DatabaseFunction } from '../immutability/function.ts';

const RECORD_BLOB_COPY: DatabaseFunction = {
  name: 'record_blob_copy',
  args: 'given jsonb',
  returns: 'bigint',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'records a copy of a blob in cold storage: keys are the columns of dbctl.blob_event; its id',
  body: /* sql */ `
declare
  made bigint;
begin
  insert into dbctl.blob_event (kind, table_name, row_key, location, sha256, bytes, destination, uri, detail)
  select 'copied', g.table_name, g.row_key, g.location, g.sha256, g.bytes, g.destination, g.uri, coalesce(g.detail, '{}')
  from pg_catalog.jsonb_populate_record(null::dbctl.blob_event, given) g
  returning id into made;
  return made;
end`,
};

/** What was found in the copy is given, and compared here: who verifies cannot say yes to something else. */
const VERIFY_BLOB: DatabaseFunction = {
  name: 'verify_blob',
  args: 'given_copy bigint, found_sha256 text, found_bytes bigint, detail jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'records that a copy of a blob was read back from cold storage, with what was found in it',
  body: /* sql */ `
declare
  c dbctl.blob_event;
begin
  select e.* into c from dbctl.blob_event e where e.id = given_copy and e.kind = 'copied';
  if c.id is null then
    raise exception using errcode = '22023', message = pg_catalog.format('there is no copy %s of a blob', given_copy);
  elsif (c.sha256, c.bytes) is distinct from (found_sha256, found_bytes) then
    raise exception using
      errcode = 'IM013',
      message = pg_catalog.format('the copy %s is not what its proof says', c.uri),
      detail = pg_catalog.format('Proved: %s, %s bytes. Read back: %s, %s bytes.', c.sha256, c.bytes, found_sha256, found_bytes);
  end if;
  insert into dbctl.blob_event (kind, copy, table_name, row_key, sha256, bytes, destination, uri, detail)
  values ('verified', c.id, c.table_name, c.row_key, c.sha256, c.bytes, c.destination, c.uri, coalesce(verify_blob.detail, '{}'));
end`,
};

/**
 * Whether two logins are needed is read from who may call what: somebody who may say that a copy was read back and may record none is there for
 * that. It cannot be switched off by the one who copies.
 */
const BLOB_REMOVAL_PROBLEM: DatabaseFunction = {
  name: 'blob_removal_problem',
  args: 'given_copy bigint',
  returns: 'text',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'stable',
  public: false,
  comment: 'why the blob a copy was made of has to stay where it is; null: it may be taken away',
  body: /* sql */ `
declare
  c dbctl.blob_event;
  two boolean;
begin
  select e.* into c from dbctl.blob_event e where e.id = given_copy and e.kind = 'copied';
  if c.id is null then
    return pg_catalog.format('there is no copy %s of a blob', given_copy);
  end if;
  select exists (
    select from pg_catalog.pg_proc p
    cross join pg_catalog.aclexplode(p.proacl) a
    where p.oid = 'dbctl.verify_blob(bigint, text, bigint, jsonb)'::pg_catalog.regprocedure and a.grantee <> p.proowner
      and not exists (
        select from pg_catalog.pg_proc q
        cross join pg_catalog.aclexplode(q.proacl) b
        where q.oid = 'dbctl.record_blob_copy(jsonb)'::pg_catalog.regprocedure and b.grantee = a.grantee))
  into two;
  if exists (
    select from dbctl.blob_event e
    where e.copy = c.id and e.kind = 'verified' and (not two or e.actor <> c.actor))
  then
    return null;
  end if;
  return case
    when two then pg_catalog.format('nobody but %s, who made it, has read the copy back', c.actor)
    else 'nobody has read the copy back' end;
end`,
};

const RECORD_BLOB_REMOVAL: DatabaseFunction = {
  name: 'record_blob_removal',
  args: 'given jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'records that a blob is taken away from where its row says it is: kind removing before, removed with it; fails with IM010 where its copy was not read back, with IM012 where it is gone already',
  body: /* sql */ `
declare
  g dbctl.blob_event;
  c dbctl.blob_event;
  problem text;
begin
  g := pg_catalog.jsonb_populate_record(null::dbctl.blob_event, given);
  if g.kind is null or g.kind not in ('removing', 'removed') then
    raise exception using errcode = '22023', message = pg_catalog.format('%s is no kind of removal', coalesce(g.kind, 'null'));
  end if;
  -- Of two at once the second finds it removed.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', 'dbctl blob', g.table_name, g.location), 0));
  problem := dbctl.blob_removal_problem(g.copy);
  if problem is not null then
    raise exception using errcode = 'IM010', message = pg_catalog.format('the blob at %s stays: %s', g.location, problem);
  end if;
  select e.* into strict c from dbctl.blob_event e where e.id = g.copy;
  if 'removed' = (
    select e.kind from dbctl.blob_event e
    where e.table_name = g.table_name and e.location = g.location and e.sha256 = c.sha256 and e.kind in ('removed', 'restored')
    order by e.id desc
    limit 1)
  then
    raise exception using errcode = 'IM012', message = pg_catalog.format('the blob at %s is removed already', g.location);
  end if;
  insert into dbctl.blob_event (kind, copy, table_name, row_key, location, sha256, bytes, destination, uri, detail)
  values (g.kind, c.id, g.table_name, g.row_key, g.location, c.sha256, c.bytes, c.destination, c.uri, coalesce(g.detail, '{}'));
end`,
};

const RECORD_BLOB_RETURN: DatabaseFunction = {
  name: 'record_blob_return',
  args: 'given jsonb',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment:
    'records that a blob was brought back from cold storage: to where its row says it is, or to somewhere else (location null)',
  body: /* sql */ `
begin
  insert into dbctl.blob_event (kind, copy, table_name, row_key, location, sha256, bytes, destination, uri, detail)
  select 'restored', c.id, g.table_name, g.row_key, g.location, c.sha256, c.bytes, c.destination, c.uri, coalesce(g.detail, '{}')
  from pg_catalog.jsonb_populate_record(null::dbctl.blob_event, given) g
  join dbctl.blob_event c on c.id = g.copy and c.kind = 'copied';
  if not found then
    raise exception using errcode = '22023', message = pg_catalog.format('there is no copy %s of a blob', given ->> 'copy');
  end if;
end`,
};

/** Those that others call first. */
export const BLOB_FUNCTIONS: readonly DatabaseFunction[] = [
  RECORD_BLOB_COPY,
  VERIFY_BLOB,
  BLOB_REMOVAL_PROBLEM,
  RECORD_BLOB_REMOVAL,
  RECORD_BLOB_RETURN,
];
