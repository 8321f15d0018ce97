// What `import … from 'dbctl'` gives: the parts of the command line that make sense in a program of one's own.
export { DbctlError, ERROR_CODES, type ErrorCode } from './core/errors.ts';
export type { Item, Report, Severity, Status, Target } from './core/report.ts';
export { resolveConnection } from './runtime/connection/resolve.ts';
export type { ConnectionTarget } from './runtime/connection/target.ts';
export { withSession, type Session, type SessionOptions } from './db/session.ts';
export { ident, literal } from './db/ident.ts';
export { migrateUp, planUp } from './ops/migrate/up.ts';
export type { MigrateSettings } from './ops/migrate/settings.ts';
