/** Another machine, as the ssh client is asked for it. */
export interface SshAddress {
  readonly host: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Of this machine; null: the agent and the keys ssh has. */
  readonly keyFile: string | null;
  /** Of this machine; null: that of ssh. */
  readonly knownHosts: string | null;
}

/**
 * Nobody is there to answer a question, so that none is asked: a password, a passphrase or an unknown host key ends it. What a person's
 * configuration may switch on for comfort is switched off: forwarding, local commands, shared connections that outlive us.
 */
const FIXED = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  UpdateHostKeys: 'no',
  PasswordAuthentication: 'no',
  KbdInteractiveAuthentication: 'no',
  ClearAllForwardings: 'yes',
  ForwardAgent: 'no',
  ForwardX11: 'no',
  PermitLocalCommand: 'no',
  ControlPath: 'none',
  ConnectTimeout: '15',
  ServerAliveInterval: '15',
  ServerAliveCountMax: '4',
  LogLevel: 'ERROR',
} as const;

/** Arguments of ssh for the file transfer subsystem. No secret is among them. */
export function sshArguments({ host, port, user, keyFile, knownHosts }: SshAddress): string[] {
  const options: Record<string, string> = {
    ...FIXED,
    ...(knownHosts === null ? {} : { UserKnownHostsFile: quoted(knownHosts), GlobalKnownHostsFile: '/dev/null' }),
    ...(keyFile === null ? {} : { IdentitiesOnly: 'yes' }),
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(keyFile === null ? [] : ['-i', keyFile]),
    ...(port === null ? [] : ['-p', String(port)]),
    ...(user === null ? [] : ['-l', user]),
    '-s',
    '--',
    host,
    'sftp',
  ];
}

/** The option takes several files, separated by spaces, and knows `%` sequences. */
const quoted = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

/** What ssh needs of the caller's environment: to find itself, its files and its agent. */
const PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SSH_AUTH_SOCK'];

export function sshEnvironment(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = PASSED.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]] as const]));
  return { ...Object.fromEntries(passed), LC_ALL: 'C' };
}

/** What to do about what ssh said; the first that fits. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed/i,
    'The other machine has another key than before, or is another machine. Compare it there (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) before you change known_hosts.',
  ],
  [/UNPROTECTED PRIVATE KEY|bad permissions/, 'Others may read the key file: chmod 600 it, and have a new key made.'],
  [
    /Host key verification failed|No .* host key is known/,
    'Its key is not known here. Compare it there (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and add it to known_hosts.',
  ],
  [
    /Permission denied \(/,
    'The key is not among the authorized_keys of that user, or needs a passphrase nobody can type: use an agent, or a key without one.',
  ],
  [/Could not resolve|Name or service not known/, 'Look at the host name.'],
  [/Connection refused|Connection timed out|No route|Network is unreachable|timed out/i, 'Look at host, port and network.'],
  [/subsystem request failed/, 'Its sshd offers no sftp: Subsystem sftp internal-sftp.'],
];

/** True for what another try cannot change. */
export const isFinal = (said: string): boolean =>
  HINTS.slice(0, 4).some(([form]) => form.test(said)) || /subsystem request failed/.test(said);

export const sshHint = (said: string): string =>
  HINTS.find(([form]) => form.test(said))?.[1] ?? 'Try it by hand: ssh -s HOST sftp.';

/** The line of what ssh said that tells most: a refusal often only follows from what a line before it says. */
export function sshWords(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^@+/.test(line));
  const [form] = HINTS.find(([one]) => one.test(said)) ?? [];
  return lines.find((line) => form?.test(line)) ?? lines.at(-1) ?? 'the connection ended';
}
