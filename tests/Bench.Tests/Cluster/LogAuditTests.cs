namespace MeshGrains.Bench.Tests.Cluster;

public sealed class LogAuditTests
{
    [Fact]
    public void What_is_not_in_the_log_and_what_is_there_twice_is_counted()
    {
        var log = new LogContent();
        foreach (var serial in new UInt128[] { 1, 2, 2, 3 })
        {
            log.Add(serial);
        }

        Assert.Equal(new LogAudit(4, 1, 2), LogAudit.Of(log, [1, 3, 3, 4]));
        Assert.Equal(new LogAudit(4, 0, 1), LogAudit.Of(log, [1, 3]));
    }
}
