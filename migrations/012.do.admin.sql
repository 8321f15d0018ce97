-- Switches that change behaviour without a release.

create table admin.feature_flags (
  id uuid default uuidv7(),
  key text not null,
  enabled boolean not null default false,
  description text not null default '',
  rules jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint feature_flags_pkey primary key (id),
  constraint feature_flags_key_key unique (key),
  constraint feature_flags_key_check check (key ~ '^[a-z][a-z0-9]*([._-][a-z0-9]+)*$'),
  constraint feature_flags_rules_check check (jsonb_typeof(rules) = 'object')
);

create index feature_flags_rules_idx on admin.feature_flags using gin (rules jsonb_path_ops);

comment on table admin.feature_flags is 'features that are switched on and off at run time';
comment on column admin.feature_flags.rules is
  'for whom an enabled flag holds: roles, percentage, users; empty: for all';
comment on index admin.feature_flags_key_key is 'serves: every look-up of a flag, where key = $1';
comment on index admin.feature_flags_rules_idx is
  'serves: flags that name a role, where rules @> ''{"roles": ["RECRUITER"]}''';

create trigger set_updated_at before update on admin.feature_flags
  for each row execute function shared.set_updated_at();
