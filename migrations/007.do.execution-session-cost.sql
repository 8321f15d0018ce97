-- The cost of a lab session is a fact of the database, not a claim of the writer: the trigger overwrites whatever
-- comes in. A session that spans a change of rate is split at the change. Numbers are numeric throughout; seconds
-- carry microseconds, and the amount is rounded once, at the end.
--
-- A missing rate never stops a learner from finishing: the session is stored without an amount and marked.
-- Once known, a cost stays: a later change of rates does not reach back. A marked one is worked out again by any
-- update of the row, so after repairing the rates:
--   update execution.lab_sessions set updated_at = now() where cost_status in ('RATE_MISSING', 'MIXED_CURRENCY');

create function execution.set_session_cost()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  session_span tstzrange;
  session_seconds numeric;
  priced_seconds numeric;
  amount_times_3600 numeric;
  currencies text[];
  segments jsonb;
begin
  if tg_op = 'UPDATE'
    and old.cost_status in ('PENDING', 'FINAL')
    and old.started_at = new.started_at
    and old.completed_at is not distinct from new.completed_at
    and old.compute_tier = new.compute_tier
  then
    new.cost_status := old.cost_status;
    new.cost_amount := old.cost_amount;
    new.cost_currency := old.cost_currency;
    new.cost_metadata := (new.cost_metadata - 'computed')
      || jsonb_strip_nulls(jsonb_build_object('computed', old.cost_metadata -> 'computed'));
    return new;
  end if;

  new.cost_status := 'PENDING';
  new.cost_amount := null;
  new.cost_currency := null;
  new.cost_metadata := new.cost_metadata - 'computed';

  -- Times that are infinite or out of order are left to the check constraints, which name the fault.
  if new.completed_at is null
    or not isfinite(new.started_at)
    or not isfinite(new.completed_at)
    or new.completed_at < new.started_at
  then
    return new;
  end if;

  session_span := tstzrange(new.started_at, new.completed_at, '[)');
  session_seconds := extract(epoch from new.completed_at - new.started_at);

  -- A session of no length has an empty span; "contains started_at" still finds its rate, so that it costs 0.
  select coalesce(sum(priced.seconds), 0),
         sum(priced.seconds * priced.rate_per_hour),
         array_agg(distinct priced.currency),
         jsonb_agg(
           jsonb_build_object(
             'rate_id', priced.id,
             'rate_per_hour', priced.rate_per_hour,
             'currency', priced.currency,
             'seconds', priced.seconds)
           order by priced.starts_at)
  into priced_seconds, amount_times_3600, currencies, segments
  from (
    select rate.id,
           rate.rate_per_hour,
           rate.currency,
           lower(rate.valid_during * session_span) as starts_at,
           coalesce(extract(epoch from
             upper(rate.valid_during * session_span) - lower(rate.valid_during * session_span)), 0) as seconds
    from execution.compute_rates rate
    where rate.compute_tier = new.compute_tier
      and (rate.valid_during && session_span or rate.valid_during @> new.started_at)
  ) priced;

  if segments is null or priced_seconds < session_seconds then
    new.cost_status := 'RATE_MISSING';
  elsif cardinality(currencies) > 1 then
    new.cost_status := 'MIXED_CURRENCY';
  else
    -- The zeros make the quotient carry 20 places. Amounts lie 1e-12/3600 apart, so 20 places cannot carry one
    -- across the middle between two sixth places, and the second rounding is the true one.
    new.cost_amount := round(amount_times_3600 / 3600.00000000000000000000, 6);
    new.cost_currency := currencies[1];
    new.cost_status := 'FINAL';
  end if;

  new.cost_metadata := new.cost_metadata || jsonb_build_object(
    'computed', jsonb_build_object(
      'at', now(),
      'compute_tier', new.compute_tier,
      'seconds', session_seconds,
      'unpriced_seconds', session_seconds - priced_seconds,
      'segments', coalesce(segments, '[]')));
  return new;
end
$$;

comment on function execution.set_session_cost() is
  'before insert or update, for each row: works out cost_status, cost_amount, cost_currency and '
  'cost_metadata -> ''computed'', and overwrites what the writer put there; the writer needs select on compute_rates';

revoke execute on function execution.set_session_cost() from public;

create trigger set_session_cost before insert or update on execution.lab_sessions
  for each row execute function execution.set_session_cost();
