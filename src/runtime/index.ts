// dbctl/runtime: what applications share with dbctl when they connect to PostgreSQL.
export { connect } from './connection/connect.ts';
export { resolveConnection } from './connection/resolve.ts';
export { redactConnectionString } from './connection/redact.ts';
export type { ConnectionTarget, SslMode } from './connection/target.ts';
export { classify, type Classified } from './sqlstate/classify.ts';
