/** A key whose value would be a secret, by the names people give them. */
const SECRET_WORD = 'password|passwd|passphrase|pwd|(?<![a-z])pass(?![a-z])|secret|token|credential|api_?key|private_?key';
const SECRET_KEY = new RegExp(SECRET_WORD, 'i');

/**
 * Up to the last @: a password that was not percent-encoded may hold one, and masking too much is the safe side. Bounds keep
 * the search linear on a file that is made to be slow.
 */
const URL_PASSWORD = /([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/@:]{0,200}:)\S{1,500}@/gi;
const KEYWORD_PASSWORD = /\b((?:ssl)?password\s{0,9}=\s{0,9})(?:'[^']{1,500}'|[^\s&'"]{1,500})/gi;

/** Private keys by their own marks: PEM, the DER of an Ed25519 key in base64 (RFC 8410, 10.3), and identities of age, with all that follows in the word. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^]{0,10000}?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)|MC4CAQAwBQYDK2VwBCIEI[\w+/=]{0,200}|AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Za-z]{0,10000}/g;

/** 32 bytes in base64, the seed of an Ed25519 key; it may as well be a hash, so that it is masked and not refused. */
const SEED = /(?<![\w+/])[A-Za-z0-9+/]{43}=(?![\w=])/g;

/** True for a key such as `password` or `api_key`. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key);
}

/** True when the text holds a connection string with a password: a URL, a query parameter or `password=…`. */
export function holdsPassword(text: string): boolean {
  return maskConnectionPasswords(text) !== text;
}

/** True when the text holds a private key. */
export function holdsPrivateKey(text: string): boolean {
  return text.replaceAll(PRIVATE_KEY, '') !== text;
}

/** The text with private keys and the passwords of connection strings replaced by `***`. */
export function maskPasswords(text: string): string {
  return maskConnectionPasswords(text).replaceAll(PRIVATE_KEY, '***').replaceAll(SEED, '***');
}

function maskConnectionPasswords(text: string): string {
  return text.replaceAll(URL_PASSWORD, '$1***@').replaceAll(KEYWORD_PASSWORD, '$1***');
}

/** `password: hunter2`, also inside `{ … }`. The key's own text stays, all after its colon goes. */
const SECRET_ENTRY = new RegExp(`^(.*?(?:${SECRET_WORD})[a-z0-9_"' -]{0,50}:).*$`, 'is');

/**
 * The lines of a file as they may be shown: secrets are masked, and control characters (they could drive the terminal) replaced.
 */
export function showableLines(source: string): readonly string[] {
  return maskedLines(source).map((line) =>
    line.replaceAll('\t', ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/g, '?'),
  );
}

/** A text of any number of lines with its secrets masked. */
export function maskSecrets(text: string): string {
  return maskedLines(text).join('\n');
}

/** Masks values of keys that look secret, with the deeper indented lines under them, and passwords in connection strings. */
function maskedLines(source: string): readonly string[] {
  let secretIndent = Infinity;
  return source.split('\n').map((raw) => {
    const line = raw.replace(/\r$/, '');
    const indent = line.search(/\S/);
    const inSecret = indent === -1 || indent > secretIndent;
    if (!inSecret) secretIndent = SECRET_ENTRY.test(line) ? indent : Infinity;
    const masked = inSecret && secretIndent !== Infinity ? line.replace(/\S.*$/s, '***') : line.replace(SECRET_ENTRY, '$1 ***');
    return maskPasswords(masked);
  });
}
