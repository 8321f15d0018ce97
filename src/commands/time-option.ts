/** A day or a moment in the past or the future; without a zone it is UTC. Throws an Error that says what is expected. */
export function parseTime(text: string): Date {
  const zoned = /[zZ]$|[+-]\d\d:?\d\d$/.test(text) || /^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text}Z`;
  const day = /^(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?/.exec(text)?.[1];
  const time = new Date(day === undefined || !isDay(day) ? '' : zoned);
  if (Number.isNaN(time.getTime())) throw new Error(`a time is written 2026-11-01 or 2026-11-01T06:00Z, not ${text}`);
  return time;
}

/** 31 February is read as a day of March. */
function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}
