/**
 * What must not reach a terminal or a log raw: control characters (C0, DEL, C1: ESC and CSI among them), invisible format
 * characters (bidirectional overrides, zero-width spaces, tags), unpaired surrogates, line and paragraph separators,
 * noncharacters. And `##[`, `##vso[`, `##teamcity[`, which give the runners of GitHub, Azure and TeamCity a command from
 * anywhere in a line of the job's log.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]|#(?=#[a-z]*\[)/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text on one line, every hidden character shown as an escape (`\n`, `\x1b`, `\u202e`, `\u{e0041}`). Backslashes of the
 * text itself stay as they are: this is for eyes, the true value is in the json format.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, escapeOf);
}

/** As {@link visible}, one text for each character (code point), so that a position in the original still counts. */
export function visibleCharacters(text: string): string[] {
  const hidden = new Set(Array.from(text.matchAll(HIDDEN), ({ index }) => index));
  let offset = 0;
  return Array.from(text, (character) => {
    const shown = hidden.has(offset) ? escapeOf(character) : character;
    offset += character.length;
    return shown;
  });
}

/** As {@link visible}, but line feeds and tabs stay and CRLF is a line feed: for messages of several lines and for SQL. */
export function visibleBlock(text: string): string {
  const shown = text.replaceAll('\r\n', '\n').replace(HIDDEN, (hidden) => (isLayout(hidden) ? hidden : escapeOf(hidden)));
  return withoutCommands(shown);
}

/**
 * Whole lines that no runner takes as a command: GitHub's also reads `::name::` at the beginning of one (actions/runner,
 * ActionCommand.TryParseV2). For text put together from parts; the parts are {@link visible} already.
 */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^([^\S\n]*):(?=:[A-Za-z][^\n]*?::)/gm, '$1\\x3a').replaceAll(/#(?=#[a-z]*\[)/g, '\\x23');
}

function isLayout(character: string): boolean {
  return character === '\n' || character === '\t';
}

function escapeOf(hidden: string): string {
  const named = NAMED[hidden];
  if (named !== undefined) return named;
  const hex = (hidden.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
