namespace MeshGrains.LocalCluster.Tests;

public sealed class IssuingCasTests
{
    [Fact]
    public void The_newest_active_CA_of_each_silo_is_its_own()
    {
        const string list = """
            {"issuingCas":[
              {"authorityId":"a1","silo":"silo-1","state":"active","notBefore":"2030-01-01T00:00:00Z"},
              {"authorityId":"a2","silo":"silo-1","state":"active","notBefore":"2030-01-02T00:00:00Z"},
              {"authorityId":"a3","silo":"silo-1","state":"tainted","notBefore":"2030-01-03T00:00:00Z"},
              {"authorityId":"b1","silo":"silo-2","state":"retired","notBefore":"2030-01-03T00:00:00Z"}]}
            """;

        Assert.Equal(new Dictionary<string, string> { ["silo-1"] = "a2" }, IssuingCas.Read(list));
    }
}
