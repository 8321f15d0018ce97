import type { DatabaseFunction } from '../immutability/function.ts';

/** Only the functions below, which belong to the owner of the tables, may ask for it. */
const ARCHIVE_PERMIT: DatabaseFunction = {
  name: 'archive_permit',
  args: 'partition regclass, reason text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'lets this transaction fence a partition of a protected table, or take the fence away',
  body: /* sql */ `
begin
  if not exists (
    select from dbctl.protected_relation p
    join pg_catalog.pg_class c on c.oid = p.relation
    where p.relation = archive_permit.partition and p.relation <> p.root and c.relkind = 'r')
  then
    raise exception using
      errcode = '22023',
      message = pg_catalog.format('%s is not a partition of a protected table', archive_permit.partition);
  end if;
  insert into dbctl.permit (relation, purpose, reason) values (archive_permit.partition, 'archive', archive_permit.reason);
end`,
};

/** The rest of the transaction has no permit: who may drop things in the schema could use it. */
const END_ARCHIVE_PERMIT: DatabaseFunction = {
  name: 'end_archive_permit',
  args: 'partition regclass',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  public: false,
  comment: 'accepts a partition as it is now, and ends the permit it was fenced under',
  body: /* sql */ `
begin
  perform dbctl.accept_shape(partition);
  update dbctl.permit p
  set ended = true
  where p.xid = pg_catalog.pg_current_xact_id() and p.relation = end_archive_permit.partition and p.purpose = 'archive';
end`,
};

/** A late insert would be in the database and not in the copy. */
const FENCE_PARTITION: DatabaseFunction = {
  name: 'fence_partition',
  args: 'partition regclass, reason text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  comment: 'lets no more rows into a partition of a protected table, before it is copied; what is in it can be read as before',
  body: /* sql */ `
begin
  perform dbctl.archive_permit(partition, reason);
  -- Takes an exclusive lock on the partition: whoever is inserting into it has ended when it is granted.
  execute pg_catalog.format('alter table %s add constraint dbctl_fence check (false) not valid', partition);
  perform dbctl.end_archive_permit(partition);
end`,
};

const UNFENCE_PARTITION: DatabaseFunction = {
  name: 'unfence_partition',
  args: 'partition regclass, reason text',
  returns: 'void',
  language: 'plpgsql',
  security: 'definer',
  volatility: 'volatile',
  owner: 'tables',
  public: false,
  comment: 'lets rows into a fenced partition again; copies made meanwhile no longer count',
  body: /* sql */ `
begin
  perform dbctl.archive_permit(partition, reason);
  execute pg_catalog.format('alter table %s drop constraint dbctl_fence', partition);
  perform dbctl.end_archive_permit(partition);
end`,
};

/** Those that others call first. */
export const FENCE_FUNCTIONS: readonly DatabaseFunction[] = [
  ARCHIVE_PERMIT,
  END_ARCHIVE_PERMIT,
  FENCE_PARTITION,
  UNFENCE_PARTITION,
];
