namespace MeshGrains.Grains.Tests;

public sealed class AcmeSealTests
{
    [Fact]
    public void Another_silo_of_the_cluster_opens_it_and_nobody_else_does()
    {
        var box = Seal(7).Seal("td.test/main", [1, 2, 3]);
        Assert.Equal([1, 2, 3], Seal(7).Open("td.test/main", box));
        Assert.Throws<RecordTamperedException>(() => Seal(7).Open("td.test/other", box));
        Assert.Throws<RecordTamperedException>(() => Seal(8).Open("td.test/main", box));
        Assert.Throws<RecordTamperedException>(() => Seal(7).Open("td.test/main", GrainWorld.SealUnder(7).Seal("td.test", "main", [1, 2, 3])));
        box[^1] ^= 1;
        Assert.Throws<RecordTamperedException>(() => Seal(7).Open("td.test/main", box));
    }

    private static AcmeSeal Seal(byte key)
    {
        var recordKey = new RecordAuthenticator();
        recordKey.Provide([.. Enumerable.Repeat(key, 32)]);
        return new AcmeSeal(recordKey, new SystemRandomSource());
    }
}
