namespace MeshGrains.Silo;

/// <summary>What <c>roles</c>, <c>clustering</c> and <c>storage</c> may say, alone and together. Every error says what to do.</summary>
internal static class ClusterRules
{
    public static IEnumerable<string> Check(MeshConfiguration mesh)
    {
        foreach (var role in mesh.Roles.Where(role => role is not (SiloRoles.AuthorityName or SiloRoles.IssuerName)))
        {
            yield return $"roles: '{role}' is no role; give authority, issuer, or nothing for both.";
        }

        foreach (var error in Clustering(mesh.Clustering).Concat(Storage(mesh.Storage)))
        {
            yield return error;
        }

        if (mesh.Clustering.Redis.Length > 0 && mesh.Storage.BlobEndpoint.Length == 0)
        {
            yield return "clustering.redis is set without storage.blobEndpoint: silos of one cluster cannot share the SQLite files of one machine. "
                + "Name their blob service, or leave clustering.redis out for a silo by itself.";
        }

        if (mesh.Clustering.Redis.Length == 0 && mesh.Roles.Count > 0 && SiloRoles.Of(mesh) is not { Authority: true, Issuer: true })
        {
            yield return $"roles: a silo by itself needs both roles, not only {string.Join(", ", mesh.Roles)}. Leave roles out, or set clustering.redis and let other silos have the rest.";
        }

        foreach (var error in GrainHost.Check(mesh))
        {
            yield return error;
        }
    }

    private static IEnumerable<string> Clustering(ClusteringOptions options)
    {
        if (SiloAddressing.TryParse(options, out _) is { } addressing)
        {
            yield return addressing;
        }

        if (options.MissedProbes is < 1 or > 100)
        {
            yield return $"clustering.missedProbes is {options.MissedProbes}; give 1 to 100.";
        }

        foreach (var (key, value, least) in new[]
        {
            ("probeInterval", options.ProbeInterval, TimeSpan.FromMilliseconds(200)),
            ("watchInterval", options.WatchInterval, TimeSpan.FromMilliseconds(200)),
            ("redisPatience", options.RedisPatience, TimeSpan.FromSeconds(1)),
        })
        {
            if (value < least || value > TimeSpan.FromHours(1))
            {
                yield return $"clustering.{key} is {Durations.Format(value)}; give a time from {Durations.Format(least)} to 1h.";
            }
        }

        foreach (var (key, path) in new[] { ("redisPasswordFile", options.RedisPasswordFile), ("redisCaFile", options.RedisCaFile) })
        {
            if (path.Length > 0 && !File.Exists(path))
            {
                yield return $"clustering.{key}: {path} does not exist.";
            }
        }

        if (options.RedisUser.Length > 0 && options.RedisPasswordFile.Length == 0)
        {
            yield return "clustering.redisUser is set without clustering.redisPasswordFile: a Redis user needs a password.";
        }

        if (options.RedisCaFile.Length > 0 && !options.RedisTls)
        {
            yield return "clustering.redisCaFile is set without clustering.redisTls: true, and would check nothing.";
        }

        if (options.Redis.Length == 0)
        {
            yield break;
        }

        foreach (var part in options.Redis.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!RedisAddress.TryParse(part, out var address))
            {
                yield return $"clustering.redis: '{part}' is not host:port; write one such as redis.example.org:6380.";
            }
            else if (!address.IsLoopback && !options.AllowInsecure && (!options.RedisTls || options.RedisPasswordFile.Length == 0))
            {
                yield return $"clustering.redis: {part} lies beyond loopback. Set clustering.redisTls and clustering.redisPasswordFile, or clustering.allowInsecure if its network is yours alone.";
            }
        }
    }

    private static IEnumerable<string> Storage(StorageOptions options)
    {
        if (options.LogBlobEndpoint.Length > 0 && options.BlobEndpoint.Length == 0)
        {
            yield return "storage.logBlobEndpoint is set without storage.blobEndpoint: the log of a silo on SQLite lies in its data directory.";
        }

        foreach (var (key, path) in new[] { ("accountKeyFile", options.AccountKeyFile), ("logAccountKeyFile", options.LogAccountKeyFile) })
        {
            if (path.Length > 0 && !File.Exists(path))
            {
                yield return $"storage.{key}: {path} does not exist.";
            }
        }
    }
}
