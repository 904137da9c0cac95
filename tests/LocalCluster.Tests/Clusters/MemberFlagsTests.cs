namespace MeshGrains.LocalCluster.Tests;

public sealed class MemberFlagsTests
{
    private static readonly RedisAddress Redis = new("127.0.0.1:6379", "mesh", "/c/redis/password");
    private static readonly BlobAddress Blob = new("http://127.0.0.1:10000/devstoreaccount1", "/c/account.key");

    [Theory]
    [InlineData(1, "authority+issuer")]
    [InlineData(2, "authority+issuer")]
    [InlineData(3, "issuer")]
    public void Two_silos_are_authorities_and_all_are_issuers(int number, string roles) => Assert.Equal(roles, string.Join('+', ClusterNames.Roles(number)));

    [Fact]
    public void A_silo_is_told_its_name_roles_links_and_stores()
    {
        var flags = Silo(new ClusterSetup { Folder = "/c", Silos = 3 });

        Assert.Contains("silo=silo-2", flags);
        Assert.Contains("roles.0=authority", flags);
        Assert.Contains("roles.1=issuer", flags);
        Assert.Contains("clustering.redis=127.0.0.1:6379", flags);
        Assert.Contains("clustering.listen=127.0.0.1:1", flags);
        Assert.Contains("relay.listen=127.0.0.1:2", flags);
        Assert.Contains("storage.blobEndpoint=http://127.0.0.1:10000/devstoreaccount1", flags);
        Assert.Contains("file:/c/keys?seal-key-file=%2Fc%2Fkeys%2Fseal.key", flags);
        Assert.DoesNotContain(flags, flag => flag.StartsWith("clustering.advertise", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_different_for_one_silo_comes_last_and_wins()
    {
        var setup = new ClusterSetup
        {
            Folder = "/c",
            Silos = 3,
            Flags = ["--set", "denials.lease=10s"],
            Tuning = name => new MemberTuning { Flags = ["--set", $"denials.lease=5s"], Advertise = address => address.Replace(":1", ":9", StringComparison.Ordinal) },
        };

        var flags = Silo(setup);

        Assert.Contains("clustering.advertise=127.0.0.1:9", flags);
        Assert.Equal(["--set", "denials.lease=10s", "--set", "denials.lease=5s"], flags.TakeLast(4));
    }

    private static IReadOnlyList<string> Silo(ClusterSetup setup)
        => MemberFlags.Silo(setup, ClusterFolder.At("/c"), Redis, Blob, "silo-2", ClusterNames.Roles(2), "127.0.0.1:1", "127.0.0.1:2");
}
