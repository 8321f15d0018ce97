import { fail } from '../../core/errors.ts';
import type { ParameterName, Settings } from './parameters.ts';
import { choice } from './values.ts';

interface Refusal {
  readonly name: ParameterName;
  /** Whether this value asks for what cannot be done; the empty value is libpq's "not set". */
  readonly when: (value: string) => boolean;
  readonly hint: string;
}

const given = (): boolean => true;
const oauth = 'The driver knows no OAuth; use a password, scram-sha-256 or a client certificate.';
const scramKey = 'Use password, passfile or PGPASSWORD.';

/** Parameters that promise something this client cannot keep: better no connection than a weaker one. */
const REFUSALS: readonly Refusal[] = [
  {
    name: 'requirepeer',
    when: given,
    hint: 'Node cannot see who owns the other end of a Unix socket; use a socket folder that only the server can write.',
  },
  {
    name: 'gssencmode',
    when: (value) => value === 'require',
    hint: 'The driver knows no GSSAPI; use TLS with sslmode=verify-full.',
  },
  {
    name: 'replication',
    when: (value) => !/^(0|off|no|false)$/i.test(value),
    hint: 'Replication connections are made by the tools that stream WAL.',
  },
  { name: 'min_protocol_version', when: (value) => value !== '3.0', hint: 'The driver speaks protocol 3.0 only.' },
  { name: 'scram_client_key', when: given, hint: scramKey },
  { name: 'scram_server_key', when: given, hint: scramKey },
  { name: 'oauth_issuer', when: given, hint: oauth },
  { name: 'oauth_client_id', when: given, hint: oauth },
  { name: 'oauth_client_secret', when: given, hint: oauth },
  { name: 'oauth_scope', when: given, hint: oauth },
  { name: 'sslkeylogfile', when: given, hint: 'Writing TLS keys to a file is for debugging libpq.' },
  // 'auto' takes the encoding of the terminal's locale.
  {
    name: 'client_encoding',
    when: (value) => !/^(utf-?8|unicode)$/i.test(value),
    hint: 'The driver always speaks UTF8; the server converts.',
  },
];

/** Tuning that Node has no call for: libuv fixes the interval of probes at 1 s and their number at 10. */
const NOT_TUNED: readonly ParameterName[] = ['keepalives_interval', 'keepalives_count', 'tcp_user_timeout'];

/** Fails with config.invalid for what cannot be honoured; warns of tuning that is passed over. */
export function checkSupported(settings: Settings, onWarning: (message: string) => void): void {
  const gss = settings.get('gssencmode');
  if (gss !== undefined) choice('gssencmode', gss, ['disable', 'prefer', 'require']);
  for (const { name, when, hint } of REFUSALS) {
    const setting = settings.get(name);
    if (setting === undefined || setting.value === '' || !when(setting.value)) continue;
    fail('config.invalid', `${setting.from}: ${name} is not supported${name === 'client_encoding' ? ' with this value' : ''}`, {
      hint,
    });
  }
  for (const name of NOT_TUNED) {
    const setting = settings.get(name);
    if (setting !== undefined)
      onWarning(`${setting.from}: ${name} is ignored, Node sends keepalive probes every second, 10 of them`);
  }
}
