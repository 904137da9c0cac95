namespace MeshGrains.KeyVaultEmulator;

/// <summary>Weighted buckets of ten seconds per vault: one for making keys, one for everything else.</summary>
internal sealed class Throttle(KeyVaultEmulatorOptions options)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Vault, bool Create), (long Started, int Used)> _buckets = [];

    public void Charge(string vault, bool create, int weight)
    {
        lock (_gate)
        {
            var now = options.Time.GetTimestamp();
            var limit = create ? options.CreateLimit : options.TransactionLimit;
            if (!_buckets.TryGetValue((vault, create), out var bucket) || options.Time.GetElapsedTime(bucket.Started, now) >= Window)
            {
                bucket = (now, 0);
            }

            if (bucket.Used + weight > limit)
            {
                var left = Window - options.Time.GetElapsedTime(bucket.Started, now);
                throw new VaultRefusal(429, "Throttled", "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached")
                {
                    RetryAfterSeconds = options.ThrottleNamesRetryAfter ? (int)Math.Ceiling(left.TotalSeconds) : null,
                };
            }

            _buckets[(vault, create)] = (bucket.Started, bucket.Used + weight);
        }
    }

    /// <summary>The weight of a transaction: RSA-3072 and RSA-4096 weigh 4 and 8, HSM keys double.</summary>
    public static int WeightOf(string keyType, int rsaBits) =>
        (rsaBits switch { 3072 => 4, 4096 => 8, _ => 1 }) * (keyType.EndsWith("-HSM", StringComparison.Ordinal) ? 2 : 1);
}
