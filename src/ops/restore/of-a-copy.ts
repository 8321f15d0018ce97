/**
 * What sessions on a copy of a backup ask for, of ours and of programs, as PGOPTIONS: what is set for a database or a role counts less than what
 * the client asks for. Those of production may name libraries that are not here, let nobody write, or end what takes long.
 */
export const OF_A_COPY = [
  'session_preload_libraries=',
  'local_preload_libraries=',
  'default_transaction_read_only=off',
  'statement_timeout=0',
  'transaction_timeout=0',
  'idle_session_timeout=0',
  'client_min_messages=warning',
  'role=none',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');
