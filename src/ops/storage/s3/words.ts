/** What the service or the SDK said, as a person reads it. Neither names a secret. */
export function s3Words(thrown: unknown): string {
  const { name, message, code } = thrown as Error & { readonly code?: string };
  const said = message === '' || message === name ? (code ?? '') : message;
  return [name === 'Error' ? code : name, said].filter((part) => part !== undefined && part !== '').join(': ');
}

/** What to do about each, by the name of the error; the first that fits. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^CredentialsProviderError/,
    'Give credentials as the AWS tools take them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role of the machine.',
  ],
  [
    /^(ExpiredToken|TokenRefreshRequired|ExpiredTokenException)/,
    'The credentials are past their time: get new ones and run it again; what was uploaded is gone on with.',
  ],
  [/^(InvalidAccessKeyId|SignatureDoesNotMatch)/, 'Access key and secret do not belong together, or are of another service.'],
  [/^RequestTimeTooSkewed/, 'The clock of this machine is wrong: look at its time synchronisation.'],
  [
    /^(AccessDenied|Forbidden|403)/,
    'The credentials need s3:PutObject, s3:GetObject, s3:ListBucket, s3:DeleteObject, and with object lock s3:PutObjectRetention and s3:GetObjectRetention.',
  ],
  [/^(NoSuchBucket|PermanentRedirect|AuthorizationHeaderMalformed)/, 'Look at bucket, region and endpoint.'],
  [
    /^(SlowDown|ServiceUnavailable|InternalError|503|500)/,
    'The service is overloaded or out of order. Run it again later; what was uploaded is gone on with.',
  ],
  [
    /^(BadDigest|InvalidDigest|XAmzContentSHA256Mismatch)/,
    'Bytes changed on the way, or the service counts checksums in its own way: try checksums: when_required.',
  ],
  [
    /^(NotImplemented|InvalidRequest|InvalidArgument|MissingContentMD5|XAmzContentChecksumMismatch)/,
    'If the message names a checksum, write checksums: when_required for this service; if a lock, the bucket needs object lock.',
  ],
  [
    /^(TimeoutError|RequestTimeout|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|ETIMEDOUT)/,
    'Look at the endpoint and the network. What was uploaded is gone on with.',
  ],
];

/** The next act for what was thrown. */
export function s3Hint(thrown: unknown): string {
  const words = s3Words(thrown);
  return (
    HINTS.find(([form]) => form.test(words))?.[1] ??
    'Look at bucket, region, endpoint, credentials and the rights to put, get, list and delete.'
  );
}
