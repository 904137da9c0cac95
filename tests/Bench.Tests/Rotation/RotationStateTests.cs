using System.Text.Json;

namespace MeshGrains.Bench.Tests.Rotation;

public sealed class RotationStateTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void A_status_is_read_with_its_phase_its_roots_its_history_and_the_gates_that_are_shut()
    {
        var state = Read(
            """
            {
              "rotation": {
                "id": "r1", "phase": "drain", "leavingRoot": "aa", "stayingRoot": "bb", "rolledBack": false,
                "events": [
                  {"at": "1970-01-01T00:00:00Z", "event": "started", "phase": "prepare"}, {"at": "1970-01-01T00:00:10Z", "event": "moved", "phase": "distribute"}
                ]
              },
              "gates": [
                {"name": "silos", "open": true, "waits": 0, "detail": "all"}, {"name": "certificates", "open": false, "waits": 7, "detail": "7 live certificates"}
              ]
            }
            """)!;

        Assert.Equal(("r1", "drain", "aa", "bb", false, false), (state.Id, state.Phase, state.LeavingRoot, state.StayingRoot, state.RolledBack, state.IsDone));
        Assert.Equal([new RotationMove(Start, "started", "prepare"), new RotationMove(Start.AddSeconds(10), "moved", "distribute")], state.Moves);
        Assert.Equal("certificates (7: 7 live certificates)", state.Shut);
        Assert.Equal(["certificates"], state.ShutGates!);
        Assert.Null(state.EndedAt);
        Assert.Null(Read("""{"gates": []}"""));
    }

    [Theory]
    [InlineData("prepare", 9, true)]
    [InlineData("prepare", 10, false)]
    [InlineData("distribute", 19, true)]
    [InlineData("distribute", 21, false)]
    [InlineData("drain", 39, true)]
    [InlineData("drain", 41, false)]
    public void A_kill_counts_for_a_phase_that_was_not_over_then(string phase, int second, bool interrupted)
    {
        var state = new RotationState(
            "r", RotationState.Done, "aa", "bb", false, Start.AddSeconds(40),
            [new(Start, "started", "prepare"), new(Start.AddSeconds(10), "moved", "distribute"), new(Start.AddSeconds(20), "moved", "activate"), new(Start.AddSeconds(30), "moved", "drain")], "");

        Assert.Equal(interrupted, state.WasIn(phase, Start.AddSeconds(second)));
    }

    [Theory]
    [InlineData(1.5, 30)]
    [InlineData(6, 54)]
    [InlineData(60, 120)]
    public void Certificates_live_so_long_that_half_of_it_outlasts_a_restart(double startSeconds, double life) =>
        Assert.Equal(TimeSpan.FromSeconds(life), RotationStage.LifeFor(TimeSpan.FromSeconds(30), startSeconds));

    private static RotationState? Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return RotationState.Read(document.RootElement);
    }
}
