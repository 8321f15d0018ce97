import type { EventEmitter } from 'node:events';
import type { AuthenticationRule, Method } from './authentication.ts';

export interface GuardRules {
  readonly authentication: AuthenticationRule | undefined;
  readonly channelBinding: 'disable' | 'prefer' | 'require';
  readonly encrypted: boolean;
}

/** The way the server wants the login is one that must not be answered. */
export class LoginMethodRefused extends Error {
  readonly code = 'ERR_LOGIN_METHOD';
  readonly hint: string;
  constructor(reason: string, hint = 'Change the method in pg_hba.conf, or require_auth and channel_binding.') {
    super(reason);
    this.hint = hint;
  }
}

const IMPOSTOR = 'Something may stand in for the server: connect with sslmode=verify-full.';

/**
 * Watches pg's connection for the server's choice of method and calls `refuse` before pg answers it; pg itself answers whatever
 * it is asked. Beyond `require_auth` and `channel_binding`, a SCRAM exchange that is declared done before the server has proved
 * that it knows the password too is always refused.
 */
export function guardLogin(connection: EventEmitter, rules: GuardRules, refuse: (reason: LoginMethodRefused) => void): void {
  let answered: Method = 'none';
  let proven = false;
  const check = (method: Method, mechanisms: readonly string[] = []): void => {
    answered = method;
    const reason = refusal(method, mechanisms, rules);
    if (reason !== undefined) refuse(new LoginMethodRefused(reason));
  };
  connection.on('authenticationCleartextPassword', () => check('password'));
  connection.on('authenticationMD5Password', () => check('md5'));
  connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => check('scram-sha-256', mechanisms));
  connection.on('authenticationSASLFinal', () => (proven = true));
  connection.on('authenticationOk', () => {
    if (answered === 'none') check('none');
    if (answered === 'scram-sha-256' && !proven)
      refuse(new LoginMethodRefused('the server ended the SCRAM exchange without proving itself', IMPOSTOR));
  });
}

function refusal(method: Method, mechanisms: readonly string[], rules: GuardRules): string | undefined {
  const { authentication, channelBinding, encrypted } = rules;
  const asked = method === 'none' ? 'no authentication' : `${method} authentication`;
  if (authentication !== undefined && !authentication.allowed.includes(method)) {
    return `the server wants ${asked}, and require_auth is ${authentication.written}`;
  }
  if (channelBinding !== 'require') return undefined;
  if (!encrypted) return 'channel_binding=require needs TLS';
  return mechanisms.includes('SCRAM-SHA-256-PLUS')
    ? undefined
    : `channel_binding=require, and the server wants ${asked} without channel binding`;
}
