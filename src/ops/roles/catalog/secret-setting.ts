const NAMED = /(?:password|passwd|secret|api_?key|access_?key|private_?key|token)/i;
/** A URL with a password. */
const URL = /[a-z][a-z0-9+]*:\/\/[^:/@\s]+:[^@/\s]+@/i;

/** Parameters of the server whose names sound like secrets and that hold none. */
const HARMLESS = ['password_encryption', 'md5_password_warnings'];

/** Whether the value of a setting looks like a secret, by the name of the parameter or by itself. */
export const looksSecret = (name: string, value: string): boolean =>
  !HARMLESS.includes(name) && value !== '' && (NAMED.test(name) || URL.test(value));

/** The value as people may read it: a report is read by more people than the catalog. */
export const shownValue = (name: string, value: string): string =>
  looksSecret(name, value) ? '(not shown: it looks like a secret)' : value;
