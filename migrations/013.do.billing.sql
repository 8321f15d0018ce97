-- What a user pays for. A cancelled subscription stays as history; a user has at most one that is not cancelled.

create type billing.subscription_plan as enum ('FREE', 'PAID');
create type billing.subscription_status as enum ('ACTIVE', 'PAST_DUE', 'CANCELED');

comment on type billing.subscription_plan   is 'what the subscription entitles to';
comment on type billing.subscription_status is 'whether it does so at present';

create table billing.subscriptions (
  id uuid default uuidv7(),
  user_id uuid not null,
  plan billing.subscription_plan not null default 'FREE',
  status billing.subscription_status not null default 'ACTIVE',
  provider_reference text,
  current_period_start timestamptz not null default now(),
  current_period_end timestamptz,
  canceled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint subscriptions_pkey primary key (id),
  constraint subscriptions_provider_reference_key unique (provider_reference),
  constraint subscriptions_user_id_fkey foreign key (user_id) references identity.users (id),
  constraint subscriptions_canceled_at_check check ((status = 'CANCELED') = (canceled_at is not null)),
  constraint subscriptions_period_check check (current_period_end > current_period_start),
  constraint subscriptions_paid_check check (plan = 'FREE' or (provider_reference is not null and current_period_end is not null))
);

create unique index subscriptions_user_id_key on billing.subscriptions (user_id) where status <> 'CANCELED';
create index subscriptions_user_id_idx on billing.subscriptions (user_id, created_at desc);
create index subscriptions_renewal_idx on billing.subscriptions (current_period_end) where status <> 'CANCELED';

comment on table billing.subscriptions is 'subscriptions of users, the present one and those before';
comment on column billing.subscriptions.provider_reference is
  'the payment provider''s id of the subscription; null for FREE';
comment on column billing.subscriptions.current_period_end is 'null: does not end (FREE)';
comment on index billing.subscriptions_provider_reference_key is
  'serves: payment webhook, where provider_reference = $1';
comment on index billing.subscriptions_user_id_key is
  'serves: plan of a user, where user_id = $1 and status <> ''CANCELED''; one a user';
comment on index billing.subscriptions_user_id_idx is
  'serves: history of a user, where user_id = $1 order by created_at desc';
comment on index billing.subscriptions_renewal_idx is
  'serves: renewals due, where status <> ''CANCELED'' and current_period_end < $1';

create trigger set_updated_at before update on billing.subscriptions
  for each row execute function shared.set_updated_at();
