using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>The lists that a test says there are.</summary>
internal sealed class FakeCrls : ICrlSource
{
    private IReadOnlyList<CrlView> _lists = [];

    public bool IsOn { get; init; } = true;

    /// <summary>When set, nobody tells any.</summary>
    public bool IsAway { get; set; }

    public static CrlView List(string authorityId, long number, DateTimeOffset until, int bytes = 3) =>
        new(authorityId, false, number, until.AddHours(-2), until, 0, new byte[bytes]);

    public void Set(params IReadOnlyList<CrlView> lists) => Volatile.Write(ref _lists, lists);

    public ValueTask<IReadOnlyList<CrlView>> ListAsync(CancellationToken cancellationToken) =>
        IsAway ? throw new GrainOperationException(RefusalCode.Unavailable, "crls_unknown", "Nobody knows.") : ValueTask.FromResult(Volatile.Read(ref _lists));
}
