import { isIP } from 'node:net';
import type { ConnectionTarget, HostAddress } from '../../../runtime/connection/target.ts';

/** What is handed over: the password alone, or a connection URL with it. */
export type SecretForm = 'password' | 'url';

/** The secret in its form. Pure. */
export function secretText(form: SecretForm, target: ConnectionTarget, login: string, password: string): string {
  return form === 'password' ? password : loginUrl(target, login, password);
}

/** The URL an app connects with: where dbctl itself went, as the login. */
function loginUrl({ hosts, database, tls, targetSessionAttrs }: ConnectionTarget, login: string, password: string): string {
  const parameters = new URLSearchParams({
    sslmode: tls.mode,
    ...(targetSessionAttrs === 'any' ? {} : { target_session_attrs: targetSessionAttrs }),
  });
  const who = `${encodeURIComponent(login)}:${encodeURIComponent(password)}`;
  return `postgresql://${who}@${hosts.map(hostText).join(',')}/${encodeURIComponent(database)}?${parameters.toString()}`;
}

function hostText({ host, port }: HostAddress): string {
  return `${isIP(host) === 6 ? `[${host}]` : encodeURIComponent(host)}:${port}`;
}

/** The password in what was handed over, of either form. */
export function passwordIn(secret: string): string {
  const inUrl = /^postgres(?:ql)?:\/\/[^:@/]*:([^@/]*)@/.exec(secret)?.[1];
  return inUrl === undefined ? secret : decodeURIComponent(inUrl);
}
