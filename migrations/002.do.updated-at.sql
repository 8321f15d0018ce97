-- Every mutable table has created_at and updated_at, kept by this one function, so that no writer can forget
-- them and none can backdate them. Append-only tables have created_at alone and no trigger.

create function shared.set_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.created_at := old.created_at;
  new.updated_at := now();
  return new;
end
$$;

comment on function shared.set_updated_at() is
  'before update, for each row: updated_at becomes the time of the transaction, created_at stays what it was';

revoke execute on function shared.set_updated_at() from public;
