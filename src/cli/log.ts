import { LOG_LEVELS, type Log, type LogLevel } from '../core/log.ts';
import type { JsonObject } from '../core/json.ts';
import type { GlobalOptions } from './globals.ts';
import type { Io } from './io.ts';
import type { Redactor } from './secrets.ts';

type Write = (level: Exclude<LogLevel, 'silent'>, message: string, fields: JsonObject) => void;

/** The log on stderr: plain lines for people, pino's JSON lines for collectors. Both pass through the redactor. */
export async function buildLog(io: Io, globals: GlobalOptions, redactor: Redactor): Promise<Log> {
  const write = globals.logFormat === 'json' ? await jsonLines(io, redactor) : textLines(io, redactor);
  const limit = LOG_LEVELS.indexOf(globals.logLevel);
  const at =
    (level: Exclude<LogLevel, 'silent'>) =>
    (message: string, fields: JsonObject = {}): void => {
      if (LOG_LEVELS.indexOf(level) <= limit) write(level, message, fields);
    };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

function textLines(io: Io, redactor: Redactor): Write {
  return (level, message, fields) => {
    const more = Object.entries(fields).map(
      ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    const level_ = level === 'warn' ? 'warning' : level;
    io.stderr.write(`${level_}: ${redactor.text(message + more.join(''))}\n`);
  };
}

/** pino is loaded only when asked for: it costs 25 ms of start-up. */
async function jsonLines(io: Io, redactor: Redactor): Promise<Write> {
  const { pino } = await import('pino');
  const logger = pino({ level: 'debug', base: { app: 'dbctl' } }, { write: (line: string) => io.stderr.write(line) });
  return (level, message, fields) => logger[level](redactor.value(fields), redactor.text(message));
}
