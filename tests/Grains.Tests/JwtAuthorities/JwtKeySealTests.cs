namespace MeshGrains.Grains.Tests;

public sealed class JwtKeySealTests
{
    private static readonly byte[] Key = [1, 2, 3, 4, 5];

    [Fact]
    public void What_one_silo_seals_another_of_the_same_deployment_opens()
    {
        var box = GrainWorld.SealUnder(7).Seal("td.test/main", "kid", Key);
        Assert.Equal(Key, GrainWorld.SealUnder(7).Open("td.test/main", "kid", box));
        Assert.NotEqual(box, GrainWorld.SealUnder(7).Seal("td.test/main", "kid", Key));
        Assert.Equal(-1, box.AsSpan().IndexOf(Key));
    }

    [Theory]
    [InlineData(8, "td.test/main", "kid")]
    [InlineData(7, "td.test/other", "kid")]
    [InlineData(7, "td.test/main", "another")]
    public void Under_another_record_key_cluster_or_kid_it_does_not_open(byte key, string cluster, string keyId)
    {
        var box = GrainWorld.SealUnder(7).Seal("td.test/main", "kid", Key);
        Assert.Throws<RecordTamperedException>(() => GrainWorld.SealUnder(key).Open(cluster, keyId, box));
    }

    [Fact]
    public void Every_changed_byte_and_every_cut_is_noticed()
    {
        var seal = GrainWorld.SealUnder(7);
        var box = seal.Seal("td.test/main", "kid", Key);
        for (var i = 0; i < box.Length; i++)
        {
            byte[] changed = [.. box];
            changed[i] ^= 1;
            Assert.Throws<RecordTamperedException>(() => seal.Open("td.test/main", "kid", changed));
            var length = i;
            Assert.Throws<RecordTamperedException>(() => seal.Open("td.test/main", "kid", box.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Before_the_record_key_is_there_nothing_is_sealed() => Assert.Throws<RecordKeyUnavailableException>(
        () => new JwtKeySeal(new RecordAuthenticator(), new SystemRandomSource()).Seal("td.test/main", "kid", Key));
}
