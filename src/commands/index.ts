import type { Command } from './context.ts';
import * as backupCreate from './backup-create.ts';
import * as backupDrill from './backup-drill.ts';
import * as backupKey from './backup-key.ts';
import * as backupList from './backup-list.ts';
import * as backupMask from './backup-mask.ts';
import * as backupPrune from './backup-prune.ts';
import * as backupRewrap from './backup-rewrap.ts';
import * as backupShow from './backup-show.ts';
import * as backupStatus from './backup-status.ts';
import * as backupSync from './backup-sync.ts';
import * as backupVerify from './backup-verify.ts';
import * as checksNew from './checks-new.ts';
import * as checksTest from './checks-test.ts';
import * as completion from './completion.ts';
import * as costArchives from './cost-archives.ts';
import * as costSessions from './cost-sessions.ts';
import * as costStorage from './cost-storage.ts';
import * as configSchema from './config-schema.ts';
import * as configShow from './config-show.ts';
import * as dbCreate from './db-create.ts';
import * as dbIdentify from './db-identify.ts';
import * as demo from './demo.ts';
import * as devDown from './dev-down.ts';
import * as devReset from './dev-reset.ts';
import * as devStatus from './dev-status.ts';
import * as devUp from './dev-up.ts';
import * as devUrl from './dev-url.ts';
import * as doctor from './doctor.ts';
import * as evidenceExport from './evidence-export.ts';
import * as evidenceList from './evidence-list.ts';
import * as evidenceVerify from './evidence-verify.ts';
import * as immutabilityInstall from './immutability-install.ts';
import * as immutabilityStatus from './immutability-status.ts';
import * as immutabilityTest from './immutability-test.ts';
import * as immutabilityUninstall from './immutability-uninstall.ts';
import * as immutabilityViolations from './immutability-violations.ts';
import * as init from './init.ts';
import * as ledgerCheckpoint from './ledger-checkpoint.ts';
import * as ledgerExport from './ledger-export.ts';
import * as ledgerKey from './ledger-key.ts';
import * as ledgerProof from './ledger-proof.ts';
import * as ledgerVerify from './ledger-verify.ts';
import * as migrateNew from './migrate-new.ts';
import * as migratePlan from './migrate-plan.ts';
import * as migrateStatus from './migrate-status.ts';
import * as migrateUp from './migrate-up.ts';
import * as pinBump from './pin-bump.ts';
import * as pinShow from './pin-show.ts';
import * as restore from './restore.ts';
import * as retentionHold from './retention-hold.ts';
import * as retentionHolds from './retention-holds.ts';
import * as retentionPartitions from './retention-partitions.ts';
import * as retentionPlan from './retention-plan.ts';
import * as retentionRelease from './retention-release.ts';
import * as retentionRun from './retention-run.ts';
import * as retentionStatus from './retention-status.ts';
import * as retentionExport from './retention-export.ts';
import * as retentionRestore from './retention-restore.ts';
import * as retentionVerify from './retention-verify.ts';
import * as rolesApply from './roles-apply.ts';
import * as rolesAudit from './roles-audit.ts';
import * as rolesExplain from './roles-explain.ts';
import * as rolesLend from './roles-lend.ts';
import * as rolesLoans from './roles-loans.ts';
import * as rolesPlan from './roles-plan.ts';
import * as rolesSuggest from './roles-suggest.ts';
import * as rolesReturn from './roles-return.ts';
import * as rolesPasswordsRotate from './roles-passwords-rotate.ts';
import * as rolesPasswordsSet from './roles-passwords-set.ts';
import * as rolesPasswordsStatus from './roles-passwords-status.ts';
import * as rolesSeparation from './roles-separation.ts';
import * as seed from './seed.ts';
import * as toolsInstall from './tools-install.ts';
import * as toolsStatus from './tools-status.ts';
import * as verify from './verify.ts';
import * as verifyDiff from './verify-diff.ts';
import * as walFetch from './wal-fetch.ts';
import * as walPush from './wal-push.ts';
import * as walReceive from './wal-receive.ts';
import * as walStatus from './wal-status.ts';

/** Every command, in the order of the help. Adding one: its file, a line here, a test. */
export const COMMANDS: readonly Command[] = [
  demo,
  init,
  doctor,
  configShow,
  configSchema,
  devUp,
  devDown,
  devStatus,
  devUrl,
  devReset,
  dbCreate,
  dbIdentify,
  migrateNew,
  migrateStatus,
  migratePlan,
  migrateUp,
  seed,
  verify,
  verifyDiff,
  pinShow,
  pinBump,
  checksNew,
  checksTest,
  immutabilityInstall,
  immutabilityStatus,
  immutabilityTest,
  immutabilityViolations,
  immutabilityUninstall,
  ledgerCheckpoint,
  ledgerVerify,
  ledgerProof,
  ledgerExport,
  ledgerKey,
  retentionPlan,
  retentionRun,
  retentionStatus,
  retentionPartitions,
  retentionHold,
  retentionRelease,
  retentionHolds,
  retentionExport,
  retentionVerify,
  retentionRestore,
  costStorage,
  costArchives,
  costSessions,
  rolesAudit,
  rolesPlan,
  rolesApply,
  rolesExplain,
  rolesSuggest,
  rolesLend,
  rolesReturn,
  rolesLoans,
  rolesPasswordsStatus,
  rolesPasswordsRotate,
  rolesPasswordsSet,
  rolesSeparation,
  evidenceExport,
  evidenceList,
  evidenceVerify,
  backupCreate,
  backupList,
  backupShow,
  backupVerify,
  backupDrill,
  backupPrune,
  backupSync,
  backupStatus,
  backupMask,
  backupKey,
  backupRewrap,
  restore,
  walPush,
  walFetch,
  walReceive,
  walStatus,
  toolsStatus,
  toolsInstall,
  completion,
];

/** What the words that only group commands mean. */
export const GROUPS: Readonly<Record<string, string>> = {
  db: "The environment's database: made as configured, and known by its server.",
  dev: 'The development server: a real PostgreSQL in the background.',
  config: 'The project file.',
  migrate: 'Schema migrations.',
  ledger: 'Signed checkpoints of append-only tables, published outside the database.',
  retention: 'What leaves the database when it is old enough, what is copied out of it first, and what nobody may remove.',
  cost: 'What storage and sessions cost, by prices of your own.',
  backup: 'Backups that are restored and compared before they count.',
  roles: 'Who may do what: declared in roles.yaml, compared, planned, applied.',
  evidence: 'Signed records of who may do what, for auditors.',
  passwords: 'Passwords of logins: their kind, new ones, and who uses which.',
  wal: 'The archive of the write-ahead log.',
  tools: 'Client programs of PostgreSQL, which backups are made with.',
  checks: 'Checks of your own: written, and tried.',
  immutability: 'Append-only tables: guards, their proof, and who tried.',
};
