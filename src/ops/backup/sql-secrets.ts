const LITERAL = `'(?:[^']|'')*'`;

/** Options by whose names nothing else is meant. */
const SECRET_OPTION = new RegExp(`("?\\b[\\w.]*(?:pass|pwd|secret|token|key|credential)[\\w.]*"?\\s+)${LITERAL}`, 'gi');
const CONNECTION = new RegExp(`(\\bCONNECTION\\s+)${LITERAL}`, 'gi');
/** Nobody knows what the options of a wrapper are called: all of a login. */
const USER_MAPPING = new RegExp(`USER MAPPING (?:[^';]|${LITERAL})*`, 'gi');

/**
 * SQL as pg_dump writes it, or a line of it, without what it holds of secrets: logins of subscriptions, user mappings and servers. For errors
 * and differences; it hides rather too much. Pure.
 */
export const withoutSecrets = (sql: string): string =>
  sql
    .replaceAll(USER_MAPPING, (statement) => statement.replaceAll(new RegExp(LITERAL, 'g'), `'***'`))
    .replaceAll(CONNECTION, `$1'***'`)
    .replaceAll(SECRET_OPTION, `$1'***'`);
