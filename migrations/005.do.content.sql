-- Lessons and labs are edited in place; publishing copies them into a numbered version that never changes again.
-- What a learner worked on is always a version, so old results keep their meaning.
--
-- lesson_versions and lab_versions are protected (append-only, guarded later): built-in scalar types only, closed
-- lists as text with a check, no foreign key that cascades, no row-level security, no insert trigger.
-- recorded_xid is the ledger's: a checkpoint takes all rows of the transactions that ended before it. It is here
-- from the start because adding it later would rewrite a table that may no longer be rewritten.

create type content.difficulty as enum ('BEGINNER', 'INTERMEDIATE', 'ADVANCED');
create type content.lesson_status as enum ('DRAFT', 'PUBLISHED');

comment on type content.difficulty    is 'how much a learner should already know';
comment on type content.lesson_status is 'whether learners see the lesson';

-- lessons -------------------------------------------------------------------------------------------------------

create table content.lessons (
  id uuid default uuidv7(),
  slug text not null,
  title text not null,
  difficulty content.difficulty not null,
  status content.lesson_status not null default 'DRAFT',
  content jsonb not null default '{}',
  published_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint lessons_pkey primary key (id),
  constraint lessons_slug_key unique (slug),
  constraint lessons_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  constraint lessons_content_check check (jsonb_typeof(content) = 'object'),
  constraint lessons_published_at_check check (status = 'DRAFT' or published_at is not null)
);

create index lessons_catalogue_idx on content.lessons (difficulty, published_at desc, id desc) where status = 'PUBLISHED';
create index lessons_title_trgm_idx on content.lessons using gin (title extensions.gin_trgm_ops);
create index lessons_content_idx on content.lessons using gin (content jsonb_path_ops);

comment on table content.lessons is 'lessons as their authors edit them';
comment on column content.lessons.published_at is 'first publication; stays when a lesson goes back to draft';
comment on index content.lessons_slug_key is 'serves: lesson page, where slug = $1';
comment on index content.lessons_catalogue_idx is
  'serves: catalogue, where status = ''PUBLISHED'' and difficulty = $1 order by published_at desc, id desc limit $2';
comment on index content.lessons_title_trgm_idx is 'serves: search box, where title ilike ''%'' || $1 || ''%''';
comment on index content.lessons_content_idx is
  'serves: lessons by tag or block, where content @> ''{"tags": ["sql"]}''';

create trigger set_updated_at before update on content.lessons
  for each row execute function shared.set_updated_at();

-- lesson_versions (protected) -----------------------------------------------------------------------------------

create table content.lesson_versions (
  id uuid default uuidv7(),
  lesson_id uuid not null,
  version_number integer not null,
  title text not null,
  content jsonb not null,
  published_by uuid,
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint lesson_versions_pkey primary key (id),
  constraint lesson_versions_lesson_version_key unique (lesson_id, version_number),
  constraint lesson_versions_lesson_id_fkey foreign key (lesson_id) references content.lessons (id),
  constraint lesson_versions_version_number_check check (version_number > 0),
  constraint lesson_versions_content_check check (jsonb_typeof(content) = 'object')
);

create index lesson_versions_recorded_xid_idx on content.lesson_versions (recorded_xid);

comment on table content.lesson_versions is 'append-only: each published state of a lesson, whole';
comment on column content.lesson_versions.content is
  'the lesson as it was published; never searched, so without a GIN index';
comment on column content.lesson_versions.published_by is
  'user id without a foreign key: an author may be erased, the version stays';
comment on column content.lesson_versions.recorded_xid is
  'transaction that inserted the row; not for callers: grant insert on the other columns';
comment on index content.lesson_versions_lesson_version_key is
  'serves: newest version of a lesson, where lesson_id = $1 order by version_number desc limit 1';
comment on index content.lesson_versions_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';

-- labs ----------------------------------------------------------------------------------------------------------

create table content.labs (
  id uuid default uuidv7(),
  slug text not null,
  title text not null,
  difficulty content.difficulty not null,
  estimated_minutes integer not null,
  config jsonb not null default '{}',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint labs_pkey primary key (id),
  constraint labs_slug_key unique (slug),
  constraint labs_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  constraint labs_estimated_minutes_check check (estimated_minutes between 1 and 1440),
  constraint labs_config_check check (jsonb_typeof(config) = 'object'),
  constraint labs_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index labs_difficulty_idx on content.labs (difficulty, estimated_minutes);
create index labs_title_trgm_idx on content.labs using gin (title extensions.gin_trgm_ops);
create index labs_config_idx on content.labs using gin (config jsonb_path_ops);
create index labs_config_runtime_idx on content.labs ((config ->> 'runtime'));
create index labs_metadata_idx on content.labs using gin (metadata);
create index labs_metadata_lab_id_idx on content.labs ((metadata ->> 'lab_id'));

comment on table content.labs is 'labs as their authors edit them';
comment on column content.labs.config is 'how the lab runs: runtime, image, limits, checks';
comment on column content.labs.metadata is
  'what others know about the lab: lab_id of the source catalogue, tags, owner';
comment on index content.labs_slug_key is 'serves: lab page, where slug = $1';
comment on index content.labs_difficulty_idx is
  'serves: catalogue, where difficulty = $1 and estimated_minutes <= $2';
comment on index content.labs_title_trgm_idx is 'serves: search box, where title ilike ''%'' || $1 || ''%''';
comment on index content.labs_config_idx is
  'serves: labs by setting, where config @> ''{"limits": {"network": true}}''';
comment on index content.labs_config_runtime_idx is 'serves: labs of a runtime, where config ->> ''runtime'' = $1';
comment on index content.labs_metadata_idx is
  'serves: labs by tag or key, where metadata @> $1 or metadata ? $2; hence not jsonb_path_ops';
comment on index content.labs_metadata_lab_id_idx is
  'serves: import from the source catalogue, where metadata ->> ''lab_id'' = $1';

create trigger set_updated_at before update on content.labs
  for each row execute function shared.set_updated_at();

-- lab_versions (protected) --------------------------------------------------------------------------------------

create table content.lab_versions (
  id uuid default uuidv7(),
  lab_id uuid not null,
  version_number integer not null,
  estimated_minutes integer not null,
  config jsonb not null,
  published_by uuid,
  created_at timestamptz not null default now(),
  recorded_xid xid8 not null default pg_current_xact_id(),
  constraint lab_versions_pkey primary key (id),
  constraint lab_versions_lab_version_key unique (lab_id, version_number),
  constraint lab_versions_lab_id_fkey foreign key (lab_id) references content.labs (id),
  constraint lab_versions_version_number_check check (version_number > 0),
  constraint lab_versions_estimated_minutes_check check (estimated_minutes between 1 and 1440),
  constraint lab_versions_config_check check (jsonb_typeof(config) = 'object')
);

create index lab_versions_config_idx on content.lab_versions using gin (config jsonb_path_ops);
create index lab_versions_recorded_xid_idx on content.lab_versions (recorded_xid);

comment on table content.lab_versions is 'append-only: each published configuration of a lab, whole';
comment on column content.lab_versions.published_by is
  'user id without a foreign key: an author may be erased, the version stays';
comment on column content.lab_versions.recorded_xid is
  'transaction that inserted the row; not for callers: grant insert on the other columns';
comment on index content.lab_versions_lab_version_key is
  'serves: newest version of a lab, where lab_id = $1 order by version_number desc limit 1';
comment on index content.lab_versions_config_idx is
  'serves: which versions ran an image found vulnerable, where config @> ''{"image": "…"}''';
comment on index content.lab_versions_recorded_xid_idx is
  'serves: ledger checkpoint, where recorded_xid >= $1 and recorded_xid < $2';
