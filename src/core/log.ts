import type { JsonObject } from './json.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Structured log lines on stderr, never payloads and never secrets. */
export interface Log {
  error(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  debug(message: string, fields?: JsonObject): void;
}
