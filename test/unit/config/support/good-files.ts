import { HEAD } from './bad-file.ts';

/** Files in which nothing is wrong. */
export const GOOD_FILES: readonly { readonly name: string; readonly yaml: string }[] = [
  { name: 'the least', yaml: HEAD },
  { name: 'comments and blank lines', yaml: `# a project\n\n${HEAD}\n# the end\n` },
  { name: 'flow style', yaml: '{version: 1, project: lab, dev: {engine: container}}' },
  { name: 'JSON', yaml: '{"version": 1, "project": "lab", "verify": {"groups": ["locale"]}}' },
  {
    name: 'every key',
    yaml: `version: 1
project: learning-lab
postgres:
  version: "17.10"
  extensions: { required: [pgcrypto, uuid-ossp], allowed: [pg_trgm], schema: extensions }
  timezone: Europe/Paris
  locale: { provider: icu, name: fr-FR, encoding: LATIN9 }
environments:
  dev: { embedded: true }
  ci: {}
  staging-2:
    url: { file: secrets/staging.url }
    embedded: false
    protected: true
    tls: require
  prod:
    url: { variable: PROD_DATABASE_URL }
    protected: false
    tls: verify-full
    system_identifier: "7449012345678901234"
    overlay:
      postgres: { timezone: UTC, locale: { name: de-DE } }
      migrations: { lock_timeout: 500 ms }
      verify: { skip: [] }
migrations:
  folder: db/migrations
  table: public.schema_migrations
  lock_timeout: 500ms
  lock_retries: 0
  lock_wait: 1h
  statement_timeout: 5min
verify:
  groups: [locale, tls]
  skip: [wal-archive]
  settings: {work_mem: 64MB, max_connections: 100, fsync: true, log_connections: on}
  fail_on: critical
  waivers: waivers.yaml
  checks: own/checks
  required: [tz-server]
immutability:
  owner: keeper
  runbook: docs/alarm.md
  partition_creators: [cron]
  unlockers: [ann, bob]
  tables:
    - { table: audit.log, generated: [id], accept: [enum], probe: "insert into audit.log default values" }
cost:
  currency: EUR
  hot:
    - { from: 2025-12-01, gib_month: "0.123456789012" }
    - { from: 2026-01-01, gib_month: "0" }
  cold:
    - destination: given-up
      class: Cold HDD
      minimum_days: 90
      prices: [{ from: 2026-01-01, gib_month: "0.01", thousand_puts: "0", restored_gib: "999999999.999999999999" }]
  sessions:
    table: app.sessions
    at: ended_at
    amount: cost
    currency: unit
    status: state
    alarms: [MISSING]
    by: [{ name: tier, value: "coalesce(tier, 1)" }]
ledger:
  tables: [audit.log]
  xid_column: xid
  interval: 5min
  sample: 100
  signer: { name: lab-ledger, key: { command: [sign-with-token, --slot, "2"] } }
  public_keys: [test-ledger+5e6f2b0a+AbqUbKYnBcAI/8X3sOTkwcvGZgY7UuW1q4hIVmyk1S6W]
  sinks:
    - { name: share, type: folder, path: notes }
    - { name: branch, type: git, repository: ., branch: ledger, remote: evidence }
    - { name: bucket, type: s3, bucket: lab-evidence, region: eu-central-1, prefix: ledger/, endpoint: "https://s3.example.org", mode: compliance, retain_days: 3650 }
    - { name: stream, type: log, path: ledger.log }
backup:
  programs: /opt/pgsql/bin
  repositories: [{ name: nightly, type: folder, path: /var/backups/lab }]
  signer: { name: lab-backup, key: { variable: BACKUP_KEY } }
  public_keys: [test-ledger+5e6f2b0a+AbqUbKYnBcAI/8X3sOTkwcvGZgY7UuW1q4hIVmyk1S6W]
  keep: { last: 3, daily: 14, weekly: 8, monthly: 12, yearly: 7 }
  max_age: 25h
  drill_days: 90
  jobs: 4
  lock_wait: 5min
dev: { version: 17, engine: container, database: lab_dev }
`,
  },
  { name: 'no limit written as a number and as text', yaml: `${HEAD}migrations: { lock_wait: 0, statement_timeout: "0" }` },
  { name: 'an empty section', yaml: `${HEAD}verify: {}` },
  {
    name: 'environments called like properties of every object',
    yaml: `${HEAD}environments: { dev: {}, constructor: {}, valueof: {} }`,
  },
];
